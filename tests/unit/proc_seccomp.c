// SPDX-License-Identifier: GPL-2.0-or-later
/* Filters are asked before a call is made, so one that kills never gets to. */
#include "proc/remote.h"
#include "tap.h"
#include "../lib/target.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>

/* Kills at mmap with PROT_EXEC, answers an error at munmap, allows the rest. */
static struct sock_filter filter[] = {
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EACCES),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
	BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

static uint32_t eval(long nr, uint64_t prot)
{
	struct seccomp_prog prog = {filter, ARRAY_SIZE(filter)};
	struct seccomp_filters f = {.mode = 2, .v = &prog, .n = 1};
	const uint64_t args[6] = {0, 4096, prot};

	return seccomp_eval(&f, AUDIT_ARCH_X86_64, nr, 0, args);
}

static uintptr_t answer(uintptr_t n)
{
	return (uintptr_t)filter + n;
}

/* A child that sleeps behind a filter. */
static pid_t filtered(const struct sock_fprog *prog)
{
	pid_t pid = fork();

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, prog);
		for (;;)
			pause();
	}
	usleep(50000);
	return pid;
}

/* A function is called where other system calls than the process needs lead to @action. */
static void function(uint32_t action)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 1000, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog prog = {ARRAY_SIZE(code), code};
	const uint64_t args[6] = {5};
	struct threads ts = {0};
	struct proc_modules ms;
	struct remote r = {0};
	struct sut_err err = {0};
	uint64_t ret = 0;
	bool called = false, refused = false;
	pid_t pid = filtered(&prog);

	if (!proc_modules_read(&ms, pid, true, &err) && !threads_attach(&ts, pid, &err) &&
	    !threads_stop(&ts, 1000000000, &err) && !remote_begin(&r, &ts, &ms, &err)) {
		called = !remote_call_function(&r, (uintptr_t)answer, args, 1000000000, &ret, &err) &&
			 ret == answer(5);
		remote_end(&r, &err);
	}
	refused = sut_err_has(&err, SUT_P_SECCOMP);
	threads_detach(&ts);
	usleep(20000);
	tap_ok(waitpid(pid, NULL, WNOHANG) == 0 && (called || refused),
	       "a filter that would %s: a function is %s, the process lives", seccomp_action_name(action),
	       called ? "called" : refused ? "refused" : "lost");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sut_err_free(&err);
	proc_modules_free(&ms);
}

int main(void)
{
	struct sock_fprog prog = {ARRAY_SIZE(filter), filter};
	const uint64_t exec_args[6] = {0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
				       (uint64_t)-1, 0};
	const uint64_t data_args[6] = {0, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
				       (uint64_t)-1, 0};
	const struct sock_filter bad[] = {{BPF_LD | BPF_W | BPF_ABS, 0, 0, 400}};
	const struct sock_filter endless[] = {{BPF_JMP | BPF_JA, 0, 0, 0xffffffff}};
	struct threads ts = {0};
	struct proc_modules ms;
	struct remote r = {0};
	struct sut_err err = {0};
	struct seccomp_data d = {0};
	long ret = 0;
	pid_t pid;

	tap_eq_u64(eval(SYS_getpid, 0), SECCOMP_RET_ALLOW, "getpid is allowed");
	tap_eq_u64(eval(SYS_munmap, 0), SECCOMP_RET_ERRNO | EACCES, "munmap answers an error");
	tap_eq_u64(eval(SYS_mmap, PROT_READ), SECCOMP_RET_ALLOW, "mmap for reading is allowed");
	tap_eq_u64(eval(SYS_mmap, PROT_EXEC), SECCOMP_RET_KILL_PROCESS, "mmap for execution kills");
	tap_eq_u64(seccomp_run(bad, 1, &d, sizeof(d)), SECCOMP_RET_KILL_PROCESS, "a load beyond");
	tap_eq_u64(seccomp_run(endless, 1, &d, sizeof(d)), SECCOMP_RET_KILL_PROCESS, "a wild jump");

	pid = filtered(&prog);
	if (!proc_modules_read(&ms, pid, true, &err) && !threads_attach(&ts, pid, &err) &&
	    !threads_stop(&ts, 1000000000, &err)) {
		if (!remote_begin(&r, &ts, &ms, &err)) {
			tap_ok(!remote_syscall(&r, SYS_mmap, data_args, &ret, &err) && ret > 0,
			       "what the filter allows is done");
			tap_ok(remote_syscall(&r, SYS_mmap, exec_args, &ret, &err) == -1 &&
			       sut_err_has(&err, SUT_P_SECCOMP), "what it kills for is refused");
			tap_ok(!remote_end(&r, &err), "the session ends");
		} else {
			/* Not CAP_SYS_ADMIN, or a kernel that does not show filters. */
			tap_ok(sut_err_has(&err, SUT_P_SECCOMP), "unreadable filters are refused");
		}
	}
	threads_detach(&ts);
	usleep(20000);
	tap_ok(waitpid(pid, NULL, WNOHANG) == 0, "the process lives");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sut_err_free(&err);
	proc_modules_free(&ms);
	function(SECCOMP_RET_ALLOW);
	function(SECCOMP_RET_ERRNO | EPERM);
	function(SECCOMP_RET_KILL_PROCESS);
	function(SECCOMP_RET_TRAP);
	return tap_done();
}

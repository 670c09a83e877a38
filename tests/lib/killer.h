/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kills a program at one of its system calls, before the kernel has begun with it.
 *
 * strace can do that, but it stops the program at all the others, too: in an emulated machine, whose
 * processors the target keeps busy, a stop costs two milliseconds, and the death in the middle of a thousand
 * calls two seconds. Here a filter (seccomp) stops the program at calls of the wanted number alone. In a
 * stop of the filter's the call has not been entered, and a program that is killed there never enters it.
 *
 * The program must be of one thread, and start no others.
 */
#ifndef SUTURE_TESTS_KILLER_H
#define SUTURE_TESTS_KILLER_H

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILLER_ALL = -1 };

/* In the child: stops are the tracer's only from here on. @nr: of the system call, or KILLER_ALL. */
static inline void killer_filter(int nr)
{
	struct sock_filter some[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_filter *at = nr == KILLER_ALL ? some + 2 : some;
	struct sock_fprog p = {.len = nr == KILLER_ALL ? 1 : 4, .filter = at};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &p))
		_exit(126);
}

/*
 * Starts argv[0] with nothing to read or to write to, stopped before it is executed. -1 where that failed.
 * The system call that executes it is the first that is seen.
 */
static inline pid_t killer_start(char *const argv[], int nr)
{
	const long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL;
	int status, null;
	pid_t pid = fork();

	if (!pid) {
		null = open("/dev/null", O_RDWR);
		if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(null, 2) < 0 ||
		    ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
			_exit(126);
		killer_filter(nr);
		execv(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		return -1;
	if (waitpid(pid, &status, 0) == pid && WIFSTOPPED(status)) {
		if (!ptrace(PTRACE_SETOPTIONS, pid, 0, (void *)options))
			return pid;
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	return -1;
}

/* As run_command() has it. */
static inline int killer_ended(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/*
 * Lets it run until it is stopped before one of the system calls that are filtered. False where it has
 * ended: *ret_status is as run_command()'s.
 */
static inline bool killer_next(pid_t pid, int *ret_status)
{
	int status, sig = 0;

	for (;;) {
		if (ptrace(PTRACE_CONT, pid, 0, (void *)(long)sig) || waitpid(pid, &status, 0) != pid) {
			*ret_status = -1;
			return false;
		}
		if (WIFSTOPPED(status) && status >> 8 == (SIGTRAP | PTRACE_EVENT_SECCOMP << 8))
			return true;
		if (!WIFSTOPPED(status)) {
			*ret_status = killer_ended(status);
			return false;
		}
		/* A signal of its own is delivered, an event of ptrace's (the execution) is none. */
		sig = status >> 16 ? 0 : WSTOPSIG(status);
	}
}

/* The end of one that is stopped, as run_command() has it. */
static inline int killer_kill(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	return waitpid(pid, &status, 0) == pid ? killer_ended(status) : -1;
}

/* Runs argv[0] and kills it at its @nth call of the system call @nr. How it ended: 128 + SIGKILL, or else. */
static inline int killer_run(char *const argv[], int nr, int nth)
{
	int status;
	pid_t pid = killer_start(argv, nr);

	if (pid < 0)
		return -1;
	while (killer_next(pid, &status))
		if (!--nth)
			return killer_kill(pid);
	return status;
}

/*
 * The system call before which @pid is stopped; -1 where the kernel does not tell. *ret_named: one of its
 * first two arguments points to a string that begins with @mark.
 */
static inline int killer_call(pid_t pid, const char *mark, bool *ret_named)
{
	struct __ptrace_syscall_info info;
	char path[32], name[40];
	int mem;

	*ret_named = false;
	if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof(info), &info) < 0 ||
	    info.op != PTRACE_SYSCALL_INFO_SECCOMP)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	mem = open(path, O_RDONLY | O_CLOEXEC);
	for (int i = 0; mem >= 0 && i < 2; i++)
		*ret_named |= pread(mem, name, strlen(mark), (off_t)info.seccomp.args[i]) ==
				      (ssize_t)strlen(mark) &&
			      !memcmp(name, mark, strlen(mark));
	if (mem >= 0)
		close(mem);
	return (int)info.seccomp.nr;
}

#endif

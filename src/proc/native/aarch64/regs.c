// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arm64 registers of a stopped thread.
 *
 * Before the stop that we see, the kernel has already decided about a system call that the stop
 * interrupted (arch/arm64/kernel/signal.c, do_signal): where it will be made again, pc is back at the
 * `svc` and x0 is the argument, not the result; and the number that NT_ARM_SYSTEM_CALL tells is -1, as
 * in user mode. So the registers do not tell a thread that waits from one that is about to call. Two cases need to know:
 *
 *   - A call that answers EINTR to any stop (epoll_wait and its like, see signal(7)) and should be made
 *     again. Its first argument is overwritten by the result, but the kernel still has it: with the
 *     number put back into NT_ARM_SYSTEM_CALL for a moment, /proc/TID/syscall shows all arguments.
 *   - A sleep that the kernel would continue with the rest of its time (ERESTART_RESTARTBLOCK). It forgets
 *     that when the thread comes back with another pc, as it does from a call for us. restart_syscall
 *     then continues it; but where no sleep was interrupted, it would end one that never began.
 *
 * What proves that a thread was inside a system call is its kernel stack, /proc/TID/stack: el0_svc is on
 * it, and nothing of the kind where an interrupt stopped it. Without the right to read that (it takes
 * CAP_SYS_ADMIN) nothing is done: the program sees EINTR as after any SIGSTOP, and a relative sleep of
 * the one thread that made our calls may last longer, by less than its own time.
 */
#include "proc/native/native.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef NT_ARM_TLS
#define NT_ARM_TLS 0x401
#endif
#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif

const struct unw_arch *const native_unw_arch = &unw_arch_aarch64;
const uint16_t native_elf_machine = EM_AARCH64;
const uint8_t native_elf_class = ELFCLASS64;
const uint32_t native_audit_arch = AUDIT_ARCH_AARCH64;

int native_get_regs(pid_t tid, struct native_regs *r)
{
	struct iovec iov = {&r->u, sizeof(r->u)}, tls = {&r->tp, sizeof(r->tp)};

	r->skip_call = r->asked = r->rest = false;
	r->nr = -1;
	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov))
		return -1;
	/* A 32-bit process of this kernel has fewer and smaller registers: it is refused elsewhere. */
	if (iov.iov_len != sizeof(r->u)) {
		errno = EIO;
		return -1;
	}
	return ptrace(PTRACE_GETREGSET, tid, NT_ARM_TLS, &tls) ? -1 : 0;
}

int native_set_regs(pid_t tid, const struct native_regs *r)
{
	struct user_regs_struct u = r->u;
	struct iovec iov = {&u, sizeof(u)};
	int none = -1;
	struct iovec call = {&none, sizeof(none)};

	if (r->rest)
		u.regs[8] = SYS_restart_syscall;
	if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov))
		return -1;
	return r->skip_call && ptrace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &call) ? -1 : 0;
}

uint64_t native_pc(const struct native_regs *r)
{
	return r->u.pc;
}

uint64_t native_sp(const struct native_regs *r)
{
	return r->u.sp;
}

uint64_t native_tp(const struct native_regs *r)
{
	return r->tp;
}

void native_to_unw(const struct native_regs *r, struct unw_regs *ret)
{
	ret->valid[0] = 0;
	ret->valid[1] = 0;
	for (unsigned int i = 0; i < 31; i++)
		unw_reg_set(ret, i, r->u.regs[i]);
	unw_reg_set(ret, 31, r->u.sp);
	unw_reg_set(ret, 32, r->u.pc);
}

long native_syscall_nr(const struct native_regs *r)
{
	return r->nr;
}

long native_syscall_result(const struct native_regs *r)
{
	return (long)r->u.regs[0];
}

uint64_t native_syscall_arg(const struct native_regs *r, unsigned int i)
{
	return r->u.regs[i];
}

static const short eintr_calls[] = {
	SYS_epoll_pwait, SYS_epoll_pwait2, SYS_semop, SYS_semtimedop, SYS_msgrcv, SYS_msgsnd,
	SYS_rt_sigtimedwait, SYS_io_getevents, SYS_io_pgetevents, SYS_io_uring_enter,
	/* With a timeout set on the socket these answer EINTR, and only when nothing moved. */
	SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_accept, SYS_accept4,
	SYS_write, SYS_writev, SYS_sendto, SYS_sendmsg,
};

bool native_eintr_restartable(long nr)
{
	for (size_t i = 0; i < ARRAY_SIZE(eintr_calls); i++)
		if (eintr_calls[i] == nr)
			return true;
	return false;
}

static bool in_system_call(pid_t tid)
{
	char path[40];
	uint8_t *text;
	size_t n;
	bool yes;

	snprintf(path, sizeof(path), "/proc/%d/stack", (int)tid);
	if (read_file(path, &text, &n))
		return false;
	yes = memmem(text, n, " el0_svc+", 9) != NULL;
	free(text);
	return yes;
}

/* The first argument of the call that the thread is leaving. */
static bool first_argument(pid_t tid, long nr, uint64_t *ret)
{
	int now = (int)nr, none = -1;
	struct iovec put = {&now, sizeof(now)}, back = {&none, sizeof(none)};
	char path[40];
	uint8_t *text = NULL;
	size_t n;
	bool good = false;
	char *end;

	if (ptrace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &put))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)tid);
	if (!read_file(path, &text, &n) && strtol((char *)text, &end, 10) == nr && *end == ' ') {
		*ret = strtoull(end, &end, 16);
		good = *end == ' ';
	}
	free(text);
	return !ptrace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &back) && good;
}

void native_learn_eintr(pid_t tid, struct native_regs *r)
{
	long nr = (long)r->u.regs[8];

	if (r->nr < 0 && native_eintr_restartable(nr) && in_system_call(tid) &&
	    first_argument(tid, nr, &r->x0))
		r->nr = nr;
}

/* Calls that always continue when they are interrupted. Others start anew, and lose nothing by it. */
static bool has_rest(const struct user_regs_struct *u)
{
	enum { WAIT = 0, OP_MASK = 127 };

	switch (u->regs[8]) {
	case SYS_nanosleep:
		return true;
	case SYS_clock_nanosleep:
		return !(u->regs[1] & TIMER_ABSTIME);
	case SYS_futex:
		return (u->regs[1] & OP_MASK) == WAIT && u->regs[3];
	default:
		return false;
	}
}

void native_learn_rest(pid_t tid, struct native_regs *r, int mem_fd)
{
	const uint32_t svc = 0xd4000001;
	uint32_t code[2];

	/* Later our own calls are on the stack. */
	if (r->asked)
		return;
	r->asked = true;
	/* At the instruction, and not behind another one like it. */
	r->rest = has_rest(&r->u) && pread(mem_fd, code, sizeof(code), (off_t)r->u.pc - 4) == sizeof(code) &&
		  code[1] == svc && code[0] != svc && in_system_call(tid);
}

void native_restart_syscall(struct native_regs *r)
{
	r->u.regs[0] = r->x0;
	r->u.pc -= 4;
	r->nr = -1;
}

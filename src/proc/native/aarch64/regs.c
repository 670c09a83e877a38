// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arm64 registers of a stopped thread.
 *
 * Before the stop that we see, the kernel has already decided about a system call that the stop
 * interrupted (arch/arm64/kernel/signal.c, do_signal): where it will be made again, pc is back at the
 * `svc` and x0 is the argument, not the result; and the number that NT_ARM_SYSTEM_CALL tells is -1, as
 * in user mode. So the registers do not tell a thread that waits from one that is about to call. Two cases:
 *
 *   - Calls that answer EINTR to any stop (epoll_wait and its like, see signal(7)) do so. They cannot be
 *     made again: the result has taken the place of the first argument, and the kernel has no copy that
 *     it shows by now (orig_x0, in /proc/TID/syscall, is the result, too). docs/operators.md says so.
 *   - A sleep that the kernel would continue with the rest of its time (ERESTART_RESTARTBLOCK). It forgets
 *     that when the thread comes back with another pc, as it does from a call for us. restart_syscall
 *     then continues it; but where no sleep was interrupted, it would end one that never began. The
 *     kernel stack, /proc/TID/stack, proves that a thread was inside a system call: el0_svc is on it.
 *     Reading it takes CAP_SYS_ADMIN. Without, a relative sleep of the one thread that made our calls
 *     may last longer, by less than its own time.
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
#ifndef NT_ARM_PAC_MASK
#define NT_ARM_PAC_MASK 0x406
#endif

const struct unw_arch *const native_unw_arch = &unw_arch_aarch64;
const uint16_t native_elf_machine = EM_AARCH64;
const uint8_t native_elf_class = ELFCLASS64;
const uint32_t native_audit_arch = AUDIT_ARCH_AARCH64;

int native_signed_bits(pid_t tid, uint64_t *ret)
{
	struct {
		uint64_t data, code;
	} mask = {0, 0};
	struct iovec iov = {&mask, sizeof(mask)};

	/* The kernel has no such answer where the processor signs nothing, or it does not let it. */
	if (ptrace(PTRACE_GETREGSET, tid, NT_ARM_PAC_MASK, &iov) && errno != EINVAL)
		return -1;
	*ret = mask.code;
	return 0;
}

int native_get_regs(pid_t tid, struct native_regs *r)
{
	struct iovec iov = {&r->u, sizeof(r->u)}, tls = {&r->tp, sizeof(r->tp)};

	r->asked = r->rest = false;
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

	if (r->rest)
		u.regs[8] = SYS_restart_syscall;
	return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov) ? -1 : 0;
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
	return -1;
}

long native_syscall_result(const struct native_regs *r)
{
	return (long)r->u.regs[0];
}

uint64_t native_syscall_arg(const struct native_regs *r, unsigned int i)
{
	return r->u.regs[i];
}

bool native_eintr_restartable(long nr)
{
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

bool native_rest_regs(const struct native_regs *r, struct native_regs *ret)
{
	return false;
}

void native_restart_syscall(struct native_regs *r)
{
}

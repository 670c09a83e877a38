// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arm64 registers of a stopped thread.
 *
 * Before the stop that we see, the kernel has already decided about a system call that the stop
 * interrupted (arch/arm64/kernel/signal.c, do_signal): where it will be made again, pc is back at the
 * `svc` and x0 is the argument, not the result; and the number that NT_ARM_SYSTEM_CALL tells is -1, as
 * in user mode. So nothing here tells a thread that waits from one that is about to call, and
 * native_syscall_nr() knows no number. What follows from it:
 *
 *   - A call that answers EINTR to any stop (epoll_wait and its like, see signal(7)) does so here: x0,
 *     its first argument, is overwritten by then. docs/limits.md says so.
 *   - A thread whose pc is moved forgets the rest of its sleep: see call.c.
 */
#include "proc/native/native.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

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

	r->skip_call = false;
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
	struct iovec iov = {(void *)&r->u, sizeof(r->u)};
	int none = -1;
	struct iovec call = {&none, sizeof(none)};

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

void native_restart_syscall(struct native_regs *r)
{
}

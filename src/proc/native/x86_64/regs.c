// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * x86-64 registers of a stopped thread.
 *
 * A thread that was interrupted in a system call shows its number in orig_rax and, in rax, what
 * the kernel is about to do: -ERESTARTSYS and its relatives are resolved by the kernel itself on
 * the way back (restart, or EINTR where a handler ran). A plain -EINTR is final, and the calls in
 * eintr_calls[] answer it after any stop at all. Winding such a thread back to the instruction is
 * what the kernel does for the others: rax is the number again, rip two bytes back.
 * Reference: signal(7), "Interruption of system calls and library functions by stop signals".
 */
#include "proc/native/native.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

const struct unw_arch *const native_unw_arch = &unw_arch_x86_64;
const uint16_t native_elf_machine = EM_X86_64;
const uint8_t native_elf_class = ELFCLASS64;
const uint32_t native_audit_arch = AUDIT_ARCH_X86_64;

int native_signed_bits(pid_t tid, uint64_t *ret)
{
	*ret = 0;
	return 0;
}

int native_get_regs(pid_t tid, struct native_regs *r)
{
	struct iovec iov = {&r->u, sizeof(r->u)};

	return ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov) ? -1 : 0;
}

int native_set_regs(pid_t tid, const struct native_regs *r)
{
	struct iovec iov = {(void *)&r->u, sizeof(r->u)};

	return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov) ? -1 : 0;
}

uint64_t native_pc(const struct native_regs *r)
{
	return r->u.rip;
}

uint64_t native_sp(const struct native_regs *r)
{
	return r->u.rsp;
}

uint64_t native_tp(const struct native_regs *r)
{
	return r->u.fs_base;
}

void native_to_unw(const struct native_regs *r, struct unw_regs *ret)
{
	const uint64_t v[17] = {
		r->u.rax, r->u.rdx, r->u.rcx, r->u.rbx, r->u.rsi, r->u.rdi, r->u.rbp, r->u.rsp,
		r->u.r8,  r->u.r9,  r->u.r10, r->u.r11, r->u.r12, r->u.r13, r->u.r14, r->u.r15,
		r->u.rip,
	};

	ret->valid[0] = 0;
	ret->valid[1] = 0;
	for (unsigned int i = 0; i < 17; i++)
		unw_reg_set(ret, i, v[i]);
}

long native_syscall_nr(const struct native_regs *r)
{
	return (long)r->u.orig_rax < 0 ? -1 : (long)r->u.orig_rax;
}

long native_syscall_result(const struct native_regs *r)
{
	return (long)r->u.rax;
}

uint64_t native_syscall_arg(const struct native_regs *r, unsigned int i)
{
	const uint64_t v[6] = {r->u.rdi, r->u.rsi, r->u.rdx, r->u.r10, r->u.r8, r->u.r9};

	return v[i];
}

static const short eintr_calls[] = {
	SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_semop, SYS_semtimedop,
	SYS_msgrcv, SYS_msgsnd, SYS_rt_sigtimedwait, SYS_io_getevents, SYS_io_pgetevents,
	SYS_io_uring_enter,
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

/* All of it is in rax and orig_rax, and goes back with them. */
void native_learn_rest(pid_t tid, struct native_regs *r, int mem_fd)
{
}

bool native_rest_regs(const struct native_regs *r, struct native_regs *ret)
{
	return false;
}

void native_restart_syscall(struct native_regs *r)
{
	r->u.rax = r->u.orig_rax;
	r->u.rip -= 2;
	/* Not in a system call any more: the kernel has nothing left to decide. */
	r->u.orig_rax = ~0ULL;
}

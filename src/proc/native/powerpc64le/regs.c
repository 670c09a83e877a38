// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ppc64le registers of a stopped thread.
 *
 * `trap` is the exception that the thread entered the kernel by: 0xc00 for `sc`, 0x3000 for `scv 0`
 * (which glibc uses from POWER9 on). r0 is the call's number, orig_gpr3 its first argument. The two
 * differ in how they fail: after `sc` r3 is the error and CR0.SO says so, after `scv` r3 is negative.
 * The low bit of trap says that the kernel has nothing to decide about a restart any more; a trap of 0
 * does so as well. The kernel restarts both by putting r3 back and the pc four bytes behind.
 */
#include "proc/native/native.h"

#include <elf.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define CR0_SO 0x10000000u

const struct unw_arch *const native_unw_arch = &unw_arch_ppc64le;
const uint16_t native_elf_machine = EM_PPC64;
const uint8_t native_elf_class = ELFCLASS64;
const uint32_t native_audit_arch = AUDIT_ARCH_PPC64LE;

int native_signed_bits(pid_t tid, uint64_t *ret)
{
	*ret = 0;
	return 0;
}

int native_get_regs(pid_t tid, struct native_regs *r)
{
	struct iovec iov = {r, sizeof(*r)};

	return ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov) ? -1 : 0;
}

int native_set_regs(pid_t tid, const struct native_regs *r)
{
	struct iovec iov = {(void *)r, sizeof(*r)};

	return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov) ? -1 : 0;
}

uint64_t native_pc(const struct native_regs *r)
{
	return r->nip;
}

uint64_t native_sp(const struct native_regs *r)
{
	return r->gpr[1];
}

/* r13 points 0x7000 behind the end of the descriptor (ELF V2 ABI, 3.7.2): past the thread's own stack. */
uint64_t native_tp(const struct native_regs *r)
{
	return r->gpr[13] - 0x7000;
}

void native_to_unw(const struct native_regs *r, struct unw_regs *ret)
{
	ret->valid[0] = 0;
	ret->valid[1] = 0;
	for (unsigned int i = 0; i < 32; i++)
		unw_reg_set(ret, i, r->gpr[i]);
	unw_reg_set(ret, unw_arch_ppc64le.ra_reg, r->link);
	unw_reg_set(ret, 66, r->ctr);
	for (unsigned int i = 0; i < 8; i++)
		unw_reg_set(ret, 68 + i, r->ccr >> (28 - 4 * i) & 15);
	unw_reg_set(ret, unw_arch_ppc64le.pc_reg, r->nip);
}

static bool by_scv(const struct native_regs *r)
{
	return (r->trap & ~0xfULL) == 0x3000;
}

long native_syscall_nr(const struct native_regs *r)
{
	return (r->trap & ~0xfULL) == 0xc00 || by_scv(r) ? (long)r->gpr[0] : -1;
}

long native_syscall_result(const struct native_regs *r)
{
	return !by_scv(r) && r->ccr & CR0_SO ? -(long)r->gpr[3] : (long)r->gpr[3];
}

uint64_t native_syscall_arg(const struct native_regs *r, unsigned int i)
{
	return i ? r->gpr[3 + i] : r->orig_gpr3;
}

static const short eintr_calls[] = {
	SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_semtimedop, SYS_ipc,
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

/* The decision is in the registers (trap, r3): it comes back with them. */
void native_learn_rest(pid_t tid, struct native_regs *r, int mem_fd)
{
}

bool native_rest_regs(const struct native_regs *r, struct native_regs *ret)
{
	return false;
}

void native_restart_syscall(struct native_regs *r)
{
	r->gpr[3] = r->orig_gpr3;
	r->nip -= 4;
	/* Not in a system call any more: the kernel has nothing left to decide. */
	r->trap = 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * 32-bit ARM registers of a stopped thread.
 *
 * As on arm64 the kernel has decided about an interrupted system call before the stop that we see
 * (arch/arm/kernel/signal.c, do_signal): pc is back at the svc, r0 is the argument again. So a thread
 * that waits looks like one that is about to call, and native_syscall_nr() knows no number. What proves
 * the one or the other on arm64, the kernel's stack of the thread, tells nothing here: the stop is
 * entered from the same place in both cases. So a call that answers EINTR to any stop (epoll_wait and
 * its like, see signal(7)) does so, as after any SIGSTOP, and a relative sleep of the one thread that
 * made our calls may last longer, by less than its own time.
 *
 * The pc never has the Thumb bit: that is bit 5 of the status register.
 */
#include "proc/native/native.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#ifndef PTRACE_GET_THREAD_AREA
#define PTRACE_GET_THREAD_AREA 22
#endif
#ifndef PTRACE_SET_SYSCALL
#define PTRACE_SET_SYSCALL 23
#endif

const struct unw_arch *const native_unw_arch = &unw_arch_arm;
const uint16_t native_elf_machine = EM_ARM;
const uint8_t native_elf_class = ELFCLASS32;
const uint32_t native_audit_arch = AUDIT_ARCH_ARM;

int native_get_regs(pid_t tid, struct native_regs *r)
{
	struct iovec iov = {r->r, sizeof(r->r)};

	r->skip_call = false;
	r->tp = 0;
	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov))
		return -1;
	return ptrace(PTRACE_GET_THREAD_AREA, tid, 0, &r->tp) ? -1 : 0;
}

int native_set_regs(pid_t tid, const struct native_regs *r)
{
	struct iovec iov = {(void *)r->r, sizeof(r->r)};

	if (ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov))
		return -1;
	return r->skip_call && ptrace(PTRACE_SET_SYSCALL, tid, 0, -1) ? -1 : 0;
}

uint64_t native_pc(const struct native_regs *r)
{
	return r->r[ARM_PC];
}

uint64_t native_sp(const struct native_regs *r)
{
	return r->r[ARM_SP];
}

uint64_t native_tp(const struct native_regs *r)
{
	return r->tp;
}

void native_to_unw(const struct native_regs *r, struct unw_regs *ret)
{
	ret->valid[0] = 0;
	ret->valid[1] = 0;
	for (unsigned int i = 0; i < 16; i++)
		unw_reg_set(ret, i, r->r[i]);
}

long native_syscall_nr(const struct native_regs *r)
{
	return -1;
}

long native_syscall_result(const struct native_regs *r)
{
	return (long)r->r[0];
}

uint64_t native_syscall_arg(const struct native_regs *r, unsigned int i)
{
	return r->r[i];
}

bool native_eintr_restartable(long nr)
{
	return false;
}

void native_restart_syscall(struct native_regs *r)
{
}

void native_learn_rest(pid_t tid, struct native_regs *r, int mem_fd)
{
}

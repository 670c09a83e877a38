// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * 32-bit ARM registers of a stopped thread.
 *
 * As on arm64 the kernel has decided about an interrupted system call before the stop that we see
 * (arch/arm/kernel/signal.c, do_signal): where it is made again, pc is back at the svc and r0 is the
 * argument, not the result. But two things tell what happened:
 *
 *   - orig_r0 is the first argument where the kernel was entered by a svc, and -1 where it was entered
 *     by an interrupt or a fault;
 *   - the number of the last system call that was made, in /proc/TID/syscall. r7 has a number, too, but
 *     after the return from a signal handler it is the one of the call that the handler interrupted, and
 *     the last call made is sigreturn then. It is 0, restart_syscall, where the kernel went on with one.
 *
 * So a thread whose orig_r0 is none of -1 and whose last call is the one in r7 has just come back from
 * that call, or is about to have it made again. (A call whose first argument is -1 is taken for none.)
 *
 *   - Calls that answer EINTR to any stop, see signal(7): the first argument is still there, so they are
 *     made again.
 *   - A sleep, which the kernel would continue with the rest of its time (ERESTART_RESTARTBLOCK), and
 *     start anew where the thread comes back to its svc from a call for us. The number of
 *     restart_syscall in r7 would do, but the program would find it there afterwards; code that knows
 *     what it has put into r7 and makes the next call with it exists. The kernel itself continues without touching
 *     r7. It can be had to do so: at the exit stop of our last call the thread gets the registers that it
 *     had when its own call came back, with the result ERESTART_RESTARTBLOCK, and an interrupt is made
 *     pending before, so that the kernel looks at them in any case before it goes to the program, also if
 *     we die. In the stop that follows they are the thread's own, and the decision is made.
 *
 * The pc never has the Thumb bit: that is bit 5 of the status register.
 */
#include "proc/native/native.h"

#include <elf.h>
#include <errno.h>
#include <linux/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#ifndef PTRACE_GET_THREAD_AREA
#define PTRACE_GET_THREAD_AREA 22
#endif

enum { NOT_BY_SVC = -1, T_BIT = 0x20, ERESTART_RESTARTBLOCK = 516 };

const struct unw_arch *const native_unw_arch = &unw_arch_arm;
const uint16_t native_elf_machine = EM_ARM;
const uint8_t native_elf_class = ELFCLASS32;
const uint32_t native_audit_arch = AUDIT_ARCH_ARM;

/* Number of the last system call that the thread made; -1: not known. */
static long last_call(pid_t tid)
{
	char path[40];
	uint8_t *text;
	size_t n;
	long nr = -1;

	snprintf(path, sizeof(path), "/proc/%d/syscall", (int)tid);
	if (read_file(path, &text, &n))
		return -1;
	/* "running" is no number, and neither is "-1 sp pc". */
	if (text[0] >= '0' && text[0] <= '9')
		nr = strtol((char *)text, NULL, 10);
	free(text);
	return nr;
}

int native_signed_bits(pid_t tid, uint64_t *ret)
{
	*ret = 0;
	return 0;
}

int native_get_regs(pid_t tid, struct native_regs *r)
{
	struct iovec iov = {r->r, sizeof(r->r)};

	r->asked = r->rest = r->eintr = false;
	r->tp = 0;
	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov) || ptrace(PTRACE_GET_THREAD_AREA, tid, 0, &r->tp))
		return -1;
	/* Asked only where it matters, as it takes time. */
	if ((int32_t)r->r[0] == -EINTR && (int32_t)r->r[ARM_ORIG_R0] != NOT_BY_SVC)
		r->eintr = last_call(tid) == (long)r->r[7];
	return 0;
}

int native_set_regs(pid_t tid, const struct native_regs *r)
{
	struct iovec iov = {(void *)r->r, sizeof(r->r)};

	return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov) ? -1 : 0;
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
	return r->eintr ? (long)r->r[7] : -1;
}

long native_syscall_result(const struct native_regs *r)
{
	return (int32_t)r->r[0];
}

uint64_t native_syscall_arg(const struct native_regs *r, unsigned int i)
{
	return r->r[i];
}

static const short eintr_calls[] = {
	SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_pwait2, SYS_semop, SYS_semtimedop, SYS_semtimedop_time64,
	SYS_msgrcv, SYS_msgsnd, SYS_rt_sigtimedwait, SYS_rt_sigtimedwait_time64, SYS_io_getevents,
	SYS_io_pgetevents, SYS_io_pgetevents_time64, SYS_io_uring_enter,
	/* With a timeout set on the socket these answer EINTR, and only when nothing moved. */
	SYS_read, SYS_readv, SYS_recv, SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_recvmmsg_time64,
	SYS_accept, SYS_accept4, SYS_write, SYS_writev, SYS_send, SYS_sendto, SYS_sendmsg,
};

bool native_eintr_restartable(long nr)
{
	for (size_t i = 0; i < ARRAY_SIZE(eintr_calls); i++)
		if (eintr_calls[i] == nr)
			return true;
	return false;
}

static uint32_t svc_size(const struct native_regs *r)
{
	return r->r[ARM_CPSR] & T_BIT ? 2 : 4;
}

void native_restart_syscall(struct native_regs *r)
{
	r->r[0] = r->r[ARM_ORIG_R0];
	r->r[ARM_PC] -= svc_size(r);
	r->eintr = false;
}

/* Calls that always continue when they are interrupted. Others start anew, and lose nothing by it. */
static bool has_rest(const struct native_regs *r)
{
	enum { WAIT = 0, OP_MASK = 127 };

	switch (r->r[7]) {
	case SYS_nanosleep:
		return true;
	case SYS_clock_nanosleep:
	case SYS_clock_nanosleep_time64:
		return !(r->r[1] & TIMER_ABSTIME);
	case SYS_futex:
	case SYS_futex_time64:
		return (r->r[1] & OP_MASK) == WAIT && r->r[3];
	case SYS_poll:
		return (int32_t)r->r[2] > 0;
	default:
		return false;
	}
}

/* At a svc, and not behind another one: that would be where the other one came back. */
static bool at_svc(const struct native_regs *r, int mem_fd)
{
	uint32_t size = svc_size(r);
	uint8_t code[8];

	if (pread(mem_fd, code, 2 * size, (off_t)(r->r[ARM_PC] - size)) != 2 * (ssize_t)size)
		return false;
	if (size == 2)
		return get16(code + 2) == 0xdf00 && get16(code) != 0xdf00;
	return get32(code + 4) == 0xef000000 && get32(code) != 0xef000000;
}

void native_learn_rest(pid_t tid, struct native_regs *r, int mem_fd)
{
	long nr;

	/* Later the last call is ours. */
	if (r->asked)
		return;
	r->asked = true;
	if ((int32_t)r->r[ARM_ORIG_R0] == NOT_BY_SVC || r->r[0] != r->r[ARM_ORIG_R0] || !has_rest(r) ||
	    !at_svc(r, mem_fd))
		return;
	nr = last_call(tid);
	r->rest = nr == (long)r->r[7] || nr == SYS_restart_syscall;
}

bool native_rest_regs(const struct native_regs *r, struct native_regs *ret)
{
	*ret = *r;
	ret->r[0] = (uint32_t)-ERESTART_RESTARTBLOCK;
	ret->r[ARM_PC] += svc_size(r);
	return r->rest;
}

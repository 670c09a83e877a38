// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * riscv64 registers of a stopped thread.
 *
 * The number of a system call is in a7. The kernel copies a0 to a place of its own (orig_a0), which ptrace
 * does not show among the registers and nobody can set, and takes the first argument from there; at the entry
 * stop a0 has its answer for calls that do not exist, already. PTRACE_GET_SYSCALL_INFO tells orig_a0 at that stop.
 *
 * As on arm64 the kernel has decided about an interrupted system call before the stop that we see
 * (arch/riscv/kernel/signal.c): where it will be made again, pc is back at the `ecall` and a0 is the
 * argument, not the result. It remembers that it came by a system call in `cause`, which is not shown either, and
 * is forgotten by then. So, with the same two cases as there (aarch64/regs.c):
 *
 *   - Calls that answer EINTR to any stop do so. orig_a0 would be in /proc/TID/syscall still; but whether the call
 *     in a7 is the one that it belongs to, or a signal return which has just loaded a7 and an EINTR of
 *     long ago, nothing tells.
 *   - A sleep that the kernel would continue with the rest of its time (ERESTART_RESTARTBLOCK): it does so where
 *     the thread comes back with its pc still at that `ecall`, by the number of restart_syscall in a7. A
 *     thread that made calls for us is given that number with its own registers. Whether it was in a system call
 *     is proved by its kernel stack, as on arm64; do_trap_ecall_u is on it. Reading that takes CAP_SYS_ADMIN.
 *     Without, a relative sleep of the one thread that made our calls may last longer.
 *
 * Instruction memory: a write through /proc/PID/mem ends in flush_icache_mm() where the mapping is executable: an
 * fence.i on each hart that has the address space loaded, and on the others before they come back to it. So
 * nothing is to be done here, and no thread has to call riscv_flush_icache.
 */
#include "proc/native/native.h"

#include <elf.h>
#include <linux/audit.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

const struct unw_arch *const native_unw_arch = &unw_arch_riscv64;
const uint16_t native_elf_machine = EM_RISCV;
const uint8_t native_elf_class = ELFCLASS64;
const uint32_t native_audit_arch = AUDIT_ARCH_RISCV64;

int native_signed_bits(pid_t tid, uint64_t *ret)
{
	*ret = 0;
	return 0;
}

int native_get_regs(pid_t tid, struct native_regs *r)
{
	struct iovec iov = {r->x, sizeof(r->x)};
	struct __ptrace_syscall_info info;

	r->asked = r->rest = false;
	r->arg0 = 0;
	if (ptrace(PTRACE_GETREGSET, tid, NT_PRSTATUS, &iov))
		return -1;
	/* Asked only where it matters, as it takes time. */
	if (r->x[RV_A7] == SYS_rt_sigreturn &&
	    ptrace(PTRACE_GET_SYSCALL_INFO, tid, sizeof(info), &info) > 0 && info.op == PTRACE_SYSCALL_INFO_ENTRY)
		r->arg0 = info.entry.args[0];
	return 0;
}

int native_set_regs(pid_t tid, const struct native_regs *r)
{
	uint64_t x[32];
	struct iovec iov = {x, sizeof(x)};

	memcpy(x, r->x, sizeof(x));
	if (r->rest)
		x[RV_A7] = SYS_restart_syscall;
	return ptrace(PTRACE_SETREGSET, tid, NT_PRSTATUS, &iov) ? -1 : 0;
}

uint64_t native_pc(const struct native_regs *r)
{
	return r->x[RV_PC];
}

uint64_t native_sp(const struct native_regs *r)
{
	return r->x[RV_SP];
}

/* tp points to the end of the descriptor. */
uint64_t native_tp(const struct native_regs *r)
{
	return r->x[RV_TP];
}

void native_to_unw(const struct native_regs *r, struct unw_regs *ret)
{
	ret->valid[0] = 0;
	ret->valid[1] = 0;
	unw_reg_set(ret, 0, 0);
	for (unsigned int i = 1; i < 32; i++)
		unw_reg_set(ret, i, r->x[i]);
	unw_reg_set(ret, unw_arch_riscv64.pc_reg, r->x[RV_PC]);
}

long native_syscall_nr(const struct native_regs *r)
{
	return -1;
}

long native_syscall_result(const struct native_regs *r)
{
	return (long)r->x[RV_A0];
}

uint64_t native_syscall_arg(const struct native_regs *r, unsigned int i)
{
	return i ? r->x[RV_A0 + i] : r->arg0;
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
	yes = memmem(text, n, " do_trap_ecall_u+", 17) != NULL;
	free(text);
	return yes;
}

/* Calls that always continue when they are interrupted. Others start anew, and lose nothing by it. */
static bool has_rest(const struct native_regs *r)
{
	enum { WAIT = 0, OP_MASK = 127 };

	switch (r->x[RV_A7]) {
	case SYS_nanosleep:
		return true;
	case SYS_clock_nanosleep:
		return !(r->x[RV_A0 + 1] & TIMER_ABSTIME);
	case SYS_futex:
		return (r->x[RV_A0 + 1] & OP_MASK) == WAIT && r->x[RV_A0 + 3];
	default:
		return false;
	}
}

void native_learn_rest(pid_t tid, struct native_regs *r, int mem_fd)
{
	const uint32_t ecall = 0x00000073;
	uint8_t code[8];

	/* Later our own calls are on the stack. */
	if (r->asked)
		return;
	r->asked = true;
	/* At the instruction, and not behind another one like it. */
	r->rest = has_rest(r) &&
		  pread(mem_fd, code, sizeof(code), (off_t)r->x[RV_PC] - 4) == sizeof(code) &&
		  get32(code + 4) == ecall && get32(code) != ecall && in_system_call(tid);
}

bool native_rest_regs(const struct native_regs *r, struct native_regs *ret)
{
	return false;
}

void native_restart_syscall(struct native_regs *r)
{
}

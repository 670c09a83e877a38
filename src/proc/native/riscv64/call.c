// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The frame that heals a thread, on riscv64. x86_64/call.c tells what healing is; here is what differs.
 *
 * There is no red zone. A thread is sent to
 *
 *	ecall; ret		(of the vdso, if nothing else has it: it flushes instruction caches so)
 *
 * with ra at
 *
 *	li a7,139; ecall	(rt_sigreturn: the vdso's, musl has one too)
 *
 * and sp at the frame, where rt_sigreturn expects it:
 *
 *	 sp of the thread, rounded down to 16
 *	 frame + 304		registers: pc, x1 to x31, then f0 to f31 and fcsr, then a list of more state
 *	 frame + 128		ucontext
 *	 frame			siginfo, which is not read back	<- heal_sp
 *	 scratch_top ...	strings, stack for functions
 *
 * A function is called with the rt_sigreturn sequence as its return address: the stop at the entry of that
 * call gives control back with the result in the call's first argument (regs.c), and if we die before, it heals.
 *
 * A thread that waits at the very `ecall` that we use has its pc where the kernel would continue its call, and
 * so gets a7 = restart_syscall from it. native_confirm_syscall() puts the number right at the entry stop.
 * The number is among the registers, so a call is skipped, and the thread sent to heal, in one step.
 *
 * Vector state does not survive any system call: the kernel fills it with ones and makes vtype invalid. So a
 * thread that has other state than that is not diverted.
 *
 * References: arch/riscv/kernel/{signal,ptrace,traps}.c, uapi asm/{ptrace,sigcontext,ucontext}.h, psABI.
 */
#include "proc/native/native.h"

#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef NT_RISCV_VECTOR
#define NT_RISCV_VECTOR 0x900
#endif

enum {
	INS_ECALL = 0x00000073,
	INS_RET = 0x00008067,
	INS_C_RET = 0x8082,
	INS_LI_SIGRETURN = 0x08b00893,	/* li a7,139 */
};

struct fp_state {			/* struct __riscv_d_ext_state */
	uint64_t f[32];
	uint32_t fcsr;
};

struct frame_image {			/* struct rt_sigframe of the kernel */
	uint8_t siginfo[128];
	uint64_t uc_flags, uc_link;
	uint64_t ss_sp;
	uint32_t ss_flags, pad;
	uint64_t ss_size;
	uint64_t sigmask;
	uint8_t unused[120], pad2[8];
	uint64_t x[32];			/* x[0] is the pc */
	union {
		struct fp_state fp;
		/* As large as 128-bit registers would be. Its last words are 0, and the end of the list that
		 * begins there: a type of 0. */
		uint8_t room[528];
	};
} __attribute__((aligned(16)));
_Static_assert(offsetof(struct frame_image, x) == 304, "layout of the signal frame");
_Static_assert(sizeof(struct frame_image) == 304 + 256 + 528, "layout of the signal frame");

bool native_find_gadgets(struct native_gadgets *g, const uint8_t *code, size_t n, uint64_t addr)
{
	/* What begins at an odd halfword may be the middle of an instruction; it is one all the same. */
	for (size_t i = (size_t)(addr & 1); i + 8 <= n && !native_gadgets_enough(g); i += 2) {
		uint32_t a = get32(code + i), b = get32(code + i + 4);

		if (!g->syscall_ret && a == INS_ECALL && (b == INS_RET || (b & 0xffff) == INS_C_RET))
			g->syscall_ret = addr + i;
		if (!g->sigreturn && a == INS_LI_SIGRETURN && b == INS_ECALL)
			g->sigreturn = addr + i;
	}
	return native_gadgets_enough(g);
}

bool native_gadgets_enough(const struct native_gadgets *g)
{
	return g->syscall_ret && g->sigreturn;
}

void native_prepare(void)
{
}

int native_build_frame(struct native_frame *f, pid_t tid, const struct native_regs *orig,
		       uint64_t mask, const struct native_gadgets *g, struct sut_err *err)
{
	struct frame_image img;
	struct iovec fp = {&img.fp, sizeof(img.fp)};

	memset(f, 0, sizeof(*f));
	memset(&img, 0, sizeof(img));
	if (ptrace(PTRACE_GETREGSET, tid, NT_PRFPREG, &fp))
		return sut_fail(err, SUT_P_REMOTE, "FPU state", "thread %d: cannot be read: %s", tid,
				strerror(errno));
	/* A call that is to be restarted is at its instruction already, with its arguments. */
	memcpy(img.x, orig->x, sizeof(img.x));
	img.ss_flags = 7;	/* refused, hence ignored: the alternate stack stays as it is */
	img.sigmask = mask;

	f->addr = (orig->x[RV_SP] - sizeof(img)) & ~15ULL;
	f->size = sizeof(img);
	f->bytes = xmemdup(&img, sizeof(img));
	f->heal_sp = f->addr;
	f->scratch_top = f->addr - 64;

	f->heal = *orig;
	f->heal.rest = false;	/* rt_sigreturn makes the kernel forget */
	f->heal.x[RV_PC] = g->sigreturn;
	f->heal.x[RV_SP] = f->heal_sp;
	f->heal.x[RV_RA] = g->sigreturn;
	/* No result that the kernel would take for the wish to restart. */
	f->heal.x[RV_A0] = 0;
	return 0;
}

static void set_args(struct native_regs *r, const struct native_frame *f, const uint64_t a[6])
{
	*r = f->heal;
	for (unsigned int i = 0; i < 6; i++)
		r->x[RV_A0 + i] = a[i];
}

void native_prepare_syscall(struct native_regs *r, const struct native_frame *f,
			    const struct native_gadgets *g, long nr, const uint64_t args[6])
{
	set_args(r, f, args);
	r->x[RV_A7] = (uint64_t)nr;
	r->x[RV_PC] = g->syscall_ret;
}

void native_prepare_function(struct native_regs *r, const struct native_frame *f,
			     const struct native_gadgets *g, uint64_t func,
			     const uint64_t args[6], uint64_t *ret_slot_addr, uint64_t ret_slot[2])
{
	set_args(r, f, args);
	r->x[RV_PC] = func;
	*ret_slot_addr = 0;	/* ra is the return address already */
}

bool native_function_result(const struct native_regs *r, const struct native_gadgets *g, uint64_t *ret)
{
	*ret = r->arg0;
	return r->x[RV_A7] == SYS_rt_sigreturn && r->x[RV_PC] == g->sigreturn + 8;
}

int native_confirm_syscall(pid_t tid, long nr)
{
	struct native_regs g;

	if (native_get_regs(tid, &g))
		return -1;
	if (g.x[RV_A7] == (uint64_t)nr)
		return 0;
	g.x[RV_A7] = (uint64_t)nr;
	return native_set_regs(tid, &g);
}

int native_skip_syscall(pid_t tid, const struct native_regs *heal, bool came_back)
{
	struct native_regs g = *heal;

	g.x[RV_A7] = NATIVE_NO_CALL;
	return native_set_regs(tid, &g);
}

/* Does the thread have vector state that a system call destroys? */
static bool vectors(pid_t tid)
{
	enum { VLENB_MAX = 2048 };
	static _Thread_local struct {
		uint64_t vstart, vl, vtype, vcsr, vlenb;
		uint8_t v[32 * VLENB_MAX];
	} st;
	struct iovec iov = {&st, sizeof(st)};

	/* The kernel has no such answer where the thread has no such state. */
	if (ptrace(PTRACE_GETREGSET, tid, NT_RISCV_VECTOR, &iov))
		return false;
	if (iov.iov_len < offsetof(typeof(st), v) || st.vlenb > VLENB_MAX ||
	    iov.iov_len < offsetof(typeof(st), v) + 32 * st.vlenb || !(st.vtype >> 63))
		return true;
	for (size_t i = 0; i < 32 * st.vlenb; i++)
		if (st.v[i] != 0xff)
			return true;
	return false;
}

bool native_must_not_divert(pid_t pid, pid_t tid, const struct native_regs *r, int mem_fd,
			    const char **ret_why)
{
	if (vectors(tid)) {
		*ret_why = "it has data in vector registers that a system call destroys";
		return true;
	}
	return native_in_rseq(tid, mem_fd, ret_why);
}

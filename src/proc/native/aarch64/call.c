// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The frame that heals a thread, on arm64. x86_64/call.c tells what healing is; here is what differs.
 *
 * There is no red zone. A thread is sent to
 *
 *	svc #0; ret		(anywhere in its own code)
 *
 * with x30 at
 *
 *	mov x8, #139; svc #0	(rt_sigreturn: the vdso's, musl has one too)
 *
 * and sp at the frame, where rt_sigreturn expects it:
 *
 *	 sp of the thread, rounded down to 16
 *	 frame + 304		ucontext, with records of extended state in the last 4096 bytes
 *	 frame			siginfo, which is not read back	<- heal_sp
 *	 scratch_top ...	strings, stack for functions
 *
 * A function is called with the rt_sigreturn sequence as its return address: the stop at the entry of that
 * call gives control back with the result in x0, and if we die before, it heals.
 *
 * A thread that waits at the very `svc` that we use has its pc where the kernel would continue its call
 * (regs.c), and so gets x8 = restart_syscall from it. native_confirm_syscall() puts the number
 * right at the entry stop.
 *
 * Vector state. A frame holds the 128-bit registers. More (SVE beyond 128 bits, SME) does not survive any
 * system call, so a thread that has such state in use is not diverted.
 *
 * References: arch/arm64/kernel/signal.c, arch/arm64/include/uapi/asm/sigcontext.h, AAPCS64.
 */
#include "proc/native/native.h"

#include <asm/ptrace.h>
#include <asm/sigcontext.h>
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef NT_ARM_SYSTEM_CALL
#define NT_ARM_SYSTEM_CALL 0x404
#endif
#ifndef NT_ARM_SVE
#define NT_ARM_SVE 0x405
#endif
#ifndef NT_ARM_SSVE
#define NT_ARM_SSVE 0x40b
#define NT_ARM_ZA 0x40c
#endif

enum {
	UC_SIZE = 176,		/* of the ucontext up to its mcontext */
	INS_SVC = 0xd4000001,
	INS_RET = 0xd65f03c0,
	INS_MOV_SIGRETURN = 0xd2801168,	/* mov x8, #139 */
};

struct frame_image {		/* struct rt_sigframe of the kernel */
	uint8_t siginfo[128];
	uint64_t uc_flags, uc_link;
	uint64_t ss_sp;
	uint32_t ss_flags, pad;
	uint64_t ss_size;
	uint64_t sigmask;
	uint8_t unused[120], pad2[8];
	struct sigcontext mc;
};
_Static_assert(offsetof(struct frame_image, mc) == 128 + UC_SIZE, "layout of the signal frame");

bool native_find_gadgets(struct native_gadgets *g, const uint8_t *code, size_t n, uint64_t addr)
{
	size_t from = (size_t)(-addr & 3);

	for (size_t i = from; i + 8 <= n; i += 4) {
		uint32_t a = get32(code + i);

		if (!g->syscall_ret && a == INS_SVC && get32(code + i + 4) == INS_RET)
			g->syscall_ret = addr + i;
		if (!g->sigreturn && a == INS_MOV_SIGRETURN && get32(code + i + 4) == INS_SVC)
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

static int read_fpsimd(pid_t tid, struct fpsimd_context *c)
{
	struct user_fpsimd_state st;
	struct iovec iov = {&st, sizeof(st)};

	if (ptrace(PTRACE_GETREGSET, tid, NT_PRFPREG, &iov))
		return -1;
	c->head.magic = FPSIMD_MAGIC;
	c->head.size = sizeof(*c);
	c->fpsr = st.fpsr;
	c->fpcr = st.fpcr;
	memcpy(c->vregs, st.vregs, sizeof(c->vregs));
	return 0;
}

int native_build_frame(struct native_frame *f, pid_t tid, const struct native_regs *orig,
		       uint64_t mask, const struct native_gadgets *g, struct sut_err *err)
{
	struct frame_image img;
	struct fpsimd_context fp;

	memset(f, 0, sizeof(*f));
	memset(&img, 0, sizeof(img));
	memset(&fp, 0, sizeof(fp));
	if (read_fpsimd(tid, &fp))
		return sut_fail(err, SUT_P_REMOTE, "FPU state", "thread %d: cannot be read: %s", tid,
				strerror(errno));
	/* A call that is to be restarted is at its instruction already, with its arguments. */
	for (unsigned int i = 0; i < 31; i++)
		img.mc.regs[i] = orig->u.regs[i];
	img.mc.sp = orig->u.sp;
	img.mc.pc = orig->u.pc;
	img.mc.pstate = orig->u.pstate;
	img.ss_flags = 7;	/* refused, hence ignored: the alternate stack stays as it is */
	img.sigmask = mask;
	memcpy(img.mc.__reserved, &fp, sizeof(fp)); /* the end is a record of zeroes */

	f->addr = (orig->u.sp - sizeof(img)) & ~15ULL;
	f->size = sizeof(img);
	f->bytes = xmemdup(&img, sizeof(img));
	f->heal_sp = f->addr;
	f->scratch_top = f->addr - 64;

	f->heal = *orig;
	f->heal.rest = false;	/* rt_sigreturn makes the kernel forget */
	f->heal.u.pc = g->sigreturn;
	f->heal.u.sp = f->heal_sp;
	/* No result that the kernel would take for the wish to restart. */
	f->heal.u.regs[0] = 0;
	f->heal.u.regs[30] = g->sigreturn;
	/* BTYPE clear: where we send it is no target of its last branch. */
	f->heal.u.pstate &= ~(uint64_t)PSR_BTYPE_MASK;
	return 0;
}

static void set_args(struct native_regs *r, const struct native_frame *f, const uint64_t a[6])
{
	*r = f->heal;
	for (unsigned int i = 0; i < 6; i++)
		r->u.regs[i] = a[i];
}

void native_prepare_syscall(struct native_regs *r, const struct native_frame *f,
			    const struct native_gadgets *g, long nr, const uint64_t args[6])
{
	set_args(r, f, args);
	r->u.regs[8] = (uint64_t)nr;
	r->u.pc = g->syscall_ret;
}

void native_prepare_function(struct native_regs *r, const struct native_frame *f,
			     const struct native_gadgets *g, uint64_t func,
			     const uint64_t args[6], uint64_t *ret_slot_addr, uint64_t ret_slot[2])
{
	set_args(r, f, args);
	r->u.pc = func;
	*ret_slot_addr = 0;	/* x30 is the return address already */
}

bool native_function_result(const struct native_regs *r, const struct native_gadgets *g, uint64_t *ret)
{
	*ret = r->u.regs[0];
	return r->u.pc == g->sigreturn + 8;
}

int native_confirm_syscall(pid_t tid, long nr)
{
	int now = -1, want = (int)nr;
	struct iovec get = {&now, sizeof(now)}, set = {&want, sizeof(want)};

	if (ptrace(PTRACE_GETREGSET, tid, NT_ARM_SYSTEM_CALL, &get))
		return -1;
	return now != want && ptrace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &set) ? -1 : 0;
}

/*
 * The number is none of the registers, so it takes two steps. A number that no call has makes the kernel
 * answer ENOSYS; -1 would leave the function's argument for the result.
 */
int native_skip_syscall(pid_t tid, const struct native_regs *heal, bool came_back)
{
	int none = NATIVE_NO_CALL;
	struct iovec call = {&none, sizeof(none)};

	if (came_back && native_set_regs(tid, heal))
		return -1;
	if (ptrace(PTRACE_SETREGSET, tid, NT_ARM_SYSTEM_CALL, &call))
		return -1;
	return came_back ? 0 : native_set_regs(tid, heal);
}

/*
 * Does the thread have vector state that a system call destroys? The kernel gives the registers of SVE
 * in one of two forms; only one of them has more than the 128-bit part, and that may be all zero.
 */
static bool wide_vectors(pid_t tid, const char **ret_why)
{
	static _Thread_local uint8_t buf[64 + 32 * 256 + 17 * 32 + 64];
	struct iovec iov = {buf, sizeof(buf)};
	struct user_sve_header h;

	memset(buf, 0, sizeof(buf));
	if (!ptrace(PTRACE_GETREGSET, tid, NT_ARM_SVE, &iov) && iov.iov_len >= sizeof(h)) {
		memcpy(&h, buf, sizeof(h));
		if ((h.flags & SVE_PT_REGS_MASK) == SVE_PT_REGS_SVE) {
			unsigned int vq = sve_vq_from_vl(h.vl);
			size_t from = SVE_PT_SVE_PREGS_OFFSET(vq), end = SVE_PT_SVE_FFR_OFFSET(vq);
			bool used = false;

			for (unsigned int z = 0; z < 32; z++)
				for (unsigned int b = 16; b < h.vl; b++)
					used |= buf[SVE_PT_SVE_ZREG_OFFSET(vq, z) + b] != 0;
			for (size_t i = from; i < end + SVE_PT_SVE_FFR_SIZE(vq); i++)
				used |= buf[i] != 0;
			if (used) {
				*ret_why = "it has data in SVE registers that a system call destroys";
				return true;
			}
		}
	}
	iov.iov_len = sizeof(h);
	memset(&h, 0, sizeof(h));
	iov.iov_base = &h;
	if (!ptrace(PTRACE_GETREGSET, tid, NT_ARM_SSVE, &iov) && iov.iov_len >= sizeof(h) &&
	    h.size > sizeof(h)) {
		*ret_why = "it is in SME's streaming mode";
		return true;
	}
	iov.iov_len = sizeof(h);
	memset(&h, 0, sizeof(h));
	if (!ptrace(PTRACE_GETREGSET, tid, NT_ARM_ZA, &iov) && iov.iov_len >= sizeof(h) &&
	    h.size > sizeof(h)) {
		*ret_why = "it has data in SME's ZA register";
		return true;
	}
	return false;
}

bool native_must_not_divert(pid_t pid, pid_t tid, const struct native_regs *r, int mem_fd,
			    const char **ret_why)
{
	if (r->u.pstate & PSR_MODE32_BIT) {
		*ret_why = "it is running 32-bit code";
		return true;
	}
	if (wide_vectors(tid, ret_why))
		return true;
	return native_in_rseq(tid, mem_fd, ret_why);
}

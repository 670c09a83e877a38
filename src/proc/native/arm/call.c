// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The frame that heals a thread, on 32-bit ARM. x86_64/call.c tells what healing is; here is what
 * differs.
 *
 * There is no `svc; return` in a C library, but there is something better. The two sequences that
 * return from signal handlers follow each other, with nothing but nops between them:
 *
 *	mov r7, #119; svc #0; nop...		sigreturn
 *	mov r7, #173; svc #0			rt_sigreturn
 *
 * A thread that makes its system call with the *first* svc runs into the second pair when the call
 * returns, and heals. musl has the same in A32 code, glibc in Thumb. Where the two are apart, svc and
 * bx lr serve, with lr at the second pair; so lr is always set to it. sp stays at the frame throughout:
 *
 *	 sp of the thread, rounded down to 8	(there is no red zone)
 *	 frame + 128		ucontext, with the VFP registers in its register space
 *	 frame			siginfo, which is not read back	<- heal_sp
 *	 scratch_top ...	strings, stack for functions
 *
 * A function is called with the rt_sigreturn sequence as its return address: the stop at the entry of
 * that call gives control back with the result in r0, and if we die before, it heals.
 *
 * Addresses of gadgets have bit 0 set where they are Thumb code. Whatever the thread executed when it
 * was stopped, the status register must say the gadget's instruction set, no IT block (the remaining
 * conditions of which would make the svc conditional), and little-endian data; the frame has its own.
 *
 * A thread that waits at the very svc that we use would get its own call's number from the kernel, as
 * on arm64: native_confirm_syscall() puts ours in at the entry stop.
 * At a system-call stop the kernel keeps r12 for itself and puts the old one back afterwards; nothing
 * here depends on r12, which the frame or the last registers set right.
 *
 * References: arch/arm/kernel/{signal,ptrace,entry-common}, uapi asm/sigcontext.h, asm/ucontext.h.
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

#ifndef PTRACE_SET_SYSCALL
#define PTRACE_SET_SYSCALL 23
#endif
#ifndef NT_ARM_VFP
#define NT_ARM_VFP 0x400
#endif

enum {
	VFP_MAGIC = 0x56465001,
	CPSR_T = 0x20,
	CPSR_CLEAR = 0x0700fe20,	/* IT, Jazelle, big-endian data, Thumb */
};

struct vfp_frame {		/* struct vfp_sigframe */
	uint32_t magic, size;
	uint64_t regs[32];
	uint32_t fpscr, pad;
	uint32_t fpexc, fpinst, fpinst2, pad2;
};

struct frame_image {		/* struct rt_sigframe */
	uint8_t siginfo[128];
	uint32_t uc_flags, uc_link;
	uint32_t ss_sp, ss_flags, ss_size;
	uint32_t trap_no, error_code, oldmask;
	uint32_t r[16], cpsr, fault_address;
	uint64_t sigmask __attribute__((packed, aligned(4)));
	uint32_t unused[30];
	union {
		uint32_t space[128];
		struct vfp_frame vfp;
	} regspace;
	uint32_t retcode[4];
};
_Static_assert(sizeof(struct vfp_frame) == 288, "layout of the VFP record");
_Static_assert(offsetof(struct frame_image, sigmask) == 128 + 104, "layout of the signal frame");
_Static_assert(offsetof(struct frame_image, regspace) == 128 + 232, "layout of the signal frame");

/* mov r7, #173; svc #0. Its length, 0 where it is something else. */
static size_t thumb_sigreturn(const uint8_t *p, size_t n)
{
	if (n >= 4 && get16(p) == 0x27ad && get16(p + 2) == 0xdf00)
		return 4;
	return n >= 6 && get32(p) == 0x07adf04f && get16(p + 4) == 0xdf00 ? 6 : 0;
}

static size_t a32_sigreturn(const uint8_t *p, size_t n)
{
	return n >= 8 && get32(p) == 0xe3a070ad && get32(p + 4) == 0xef000000 ? 8 : 0;
}

/* Does the svc before @p return into a pair, or to lr? */
static bool thumb_goes_on(const uint8_t *p, size_t n)
{
	if (n >= 2 && get16(p) == 0x4770)
		return true;
	for (int i = 0; i < 6; i++) {
		size_t pad = n >= 4 && get32(p) == 0x8000f3af ? 4 : n >= 2 && get16(p) == 0xbf00 ? 2 : 0;

		if (!pad)
			break;
		p += pad;
		n -= pad;
	}
	return thumb_sigreturn(p, n);
}

static bool a32_goes_on(const uint8_t *p, size_t n)
{
	if (n >= 4 && get32(p) == 0xe12fff1e)
		return true;
	for (int i = 0; i < 3 && n >= 4 && (get32(p) == 0xe320f000 || get32(p) == 0xe1a00000); i++) {
		p += 4;
		n -= 4;
	}
	return a32_sigreturn(p, n);
}

bool native_find_gadgets(struct native_gadgets *g, const uint8_t *code, size_t n, uint64_t addr)
{
	addr &= ~NATIVE_ISA_BITS;
	for (size_t i = 0; i + 4 <= n && !native_gadgets_enough(g); i += 2) {
		const uint8_t *p = code + i;
		size_t left = n - i;
		bool word = (addr + i) % 4 == 0;

		if (!g->syscall_ret && get16(p) == 0xdf00 && thumb_goes_on(p + 2, left - 2))
			g->syscall_ret = (addr + i) | 1;
		if (!g->syscall_ret && word && get32(p) == 0xef000000 && a32_goes_on(p + 4, left - 4))
			g->syscall_ret = addr + i;
		if (!g->sigreturn && thumb_sigreturn(p, left))
			g->sigreturn = (addr + i) | 1;
		if (!g->sigreturn && word && a32_sigreturn(p, left))
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

static int read_vfp(pid_t tid, struct vfp_frame *v)
{
	struct {
		uint64_t regs[32];
		uint32_t fpscr;
	} st;
	struct iovec iov = {&st, sizeof(st)};

	memset(&st, 0, sizeof(st));
	if (ptrace(PTRACE_GETREGSET, tid, NT_ARM_VFP, &iov))
		return -1;
	v->magic = VFP_MAGIC;
	v->size = sizeof(*v);
	memcpy(v->regs, st.regs, sizeof(v->regs));
	v->fpscr = st.fpscr;
	return 0;
}

static void go_to(struct native_regs *r, uint64_t at)
{
	r->r[ARM_PC] = (uint32_t)(at & ~NATIVE_ISA_BITS);
	r->r[ARM_CPSR] &= ~(uint32_t)CPSR_CLEAR;
	if (at & NATIVE_ISA_BITS)
		r->r[ARM_CPSR] |= CPSR_T;
}

int native_build_frame(struct native_frame *f, pid_t tid, const struct native_regs *orig,
		       uint64_t mask, const struct native_gadgets *g, struct sut_err *err)
{
	struct frame_image img;

	memset(f, 0, sizeof(*f));
	memset(&img, 0, sizeof(img));
	if (read_vfp(tid, &img.regspace.vfp))
		return sut_fail(err, SUT_P_REMOTE, "FPU state", "thread %d: cannot be read: %s", tid,
				strerror(errno));
	/* A call that is to be restarted is at its instruction already, with its arguments. */
	memcpy(img.r, orig->r, sizeof(img.r));
	img.cpsr = orig->r[ARM_CPSR];
	img.ss_flags = 7;	/* refused, hence ignored: the alternate stack stays as it is */
	img.sigmask = mask;

	f->addr = (orig->r[ARM_SP] - sizeof(img)) & ~7ULL;
	f->size = sizeof(img);
	f->bytes = xmemdup(&img, sizeof(img));
	f->heal_sp = f->addr;
	f->scratch_top = f->addr - 64;

	f->heal = *orig;
	go_to(&f->heal, g->sigreturn);
	f->heal.r[ARM_SP] = (uint32_t)f->heal_sp;
	f->heal.r[ARM_LR] = (uint32_t)g->sigreturn;
	/* No result that the kernel would take for the wish to restart; and the signal return's own first
	 * argument stays in orig_r0 behind it, where -1 says that no call of the program's came back. */
	f->heal.r[0] = (uint32_t)-1;
	return 0;
}

void native_prepare_syscall(struct native_regs *r, const struct native_frame *f,
			    const struct native_gadgets *g, long nr, const uint64_t args[6])
{
	*r = f->heal;
	for (unsigned int i = 0; i < 6; i++)
		r->r[i] = (uint32_t)args[i];
	r->r[7] = (uint32_t)nr;
	go_to(r, g->syscall_ret);
}

void native_prepare_function(struct native_regs *r, const struct native_frame *f,
			     const struct native_gadgets *g, uint64_t func,
			     const uint64_t args[6], uint64_t *ret_slot_addr, uint64_t ret_slot[2])
{
	*r = f->heal;
	for (unsigned int i = 0; i < 4; i++)
		r->r[i] = (uint32_t)args[i];
	go_to(r, func);
	*ret_slot_addr = 0;	/* lr is the return address already */
}

bool native_function_result(const struct native_regs *r, const struct native_gadgets *g, uint64_t *ret)
{
	uint32_t len = r->r[ARM_PC] - (uint32_t)(g->sigreturn & ~NATIVE_ISA_BITS);

	*ret = r->r[0];
	/* Behind the svc: four, six or eight bytes, by its form. */
	return r->r[7] == SYS_rt_sigreturn && len >= 4 && len <= 8;
}

int native_confirm_syscall(pid_t tid, long nr)
{
	return ptrace(PTRACE_SET_SYSCALL, tid, 0, nr) ? -1 : 0;
}

/*
 * The number is none of the registers, so it takes two steps. A number that no call has makes the kernel
 * answer ENOSYS; -1 would leave the function's argument for the result.
 */
int native_skip_syscall(pid_t tid, const struct native_regs *heal, bool came_back)
{
	if (came_back && native_set_regs(tid, heal))
		return -1;
	if (ptrace(PTRACE_SET_SYSCALL, tid, 0, NATIVE_NO_CALL))
		return -1;
	return came_back ? 0 : native_set_regs(tid, heal);
}

bool native_must_not_divert(pid_t pid, pid_t tid, const struct native_regs *r, int mem_fd,
			    const char **ret_why)
{
	return native_in_rseq(tid, mem_fd, ret_why);
}

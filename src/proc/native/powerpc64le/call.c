// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The frame that heals a thread (the idea is told in x86_64/call.c), on ppc64le.
 *
 * A return here goes to lr, not to a word on the stack, and rt_sigreturn takes the address of the
 * ucontext from r1. The vdso has the code that ends a signal handler,
 *
 *	addi r1,r1,128; li r0,172; sc		("the trampoline")
 *
 * behind a frame of 128 bytes that the kernel makes for the handler's benefit. So a thread is sent to
 * any `sc` in its own code from which the way to a `blr` is short and touches nothing but registers
 * and the stack just above r1, with lr = the trampoline. Such code may move r1 up on its way, and may
 * load lr from the stack: where to, is found by reading it (walk()), both ways of each branch, as the
 * call may fail or not. r1 starts that much lower, and the word that becomes lr is the trampoline's
 * address. All other registers may be spoilt, as all of them come from the frame in the end.
 *
 *	 sp of the thread
 *	 - 512			red zone: the ABI's 288, and what the kernel leaves alone
 *	 ucontext		registers, FPU, then VMX and VSX behind
 *	 - 128			frame that the trampoline removes	<- heal_sp
 *	 - GADGET_ROOM		stack of the code between `sc` and `blr`
 *	 scratch_top ...	strings, stack for functions
 *
 * What the frame says:
 *   - The alternate stack is unknown to us: its flags are refused by sigaltstack(2), and the kernel
 *     ignores the refusal.
 *   - VEC and VSX are set in its msr, as the kernel takes those registers from a frame only then.
 *   - A transaction (transactional memory) cannot be put back: such a thread is not diverted.
 *   - rt_sigreturn itself decides that nothing of the old system call is restarted, so a call that the
 *     stop interrupted is wound back here.
 *
 * The registers that are set must not say that the thread is inside a system call (trap 0), or the
 * kernel would wind back *our* pc on the way out. The thread's own trap is put back at the end, and
 * with it the decision: interrupted sleeps go on with what was left of them.
 *
 * Functions return into the trampoline itself, which the stop at its system call shows, with r3 still
 * the result. If we die before, that heals. r12 is the function's address, as for any call by pointer.
 *
 * References: arch/powerpc/kernel/signal_64.c, syscall.c, uapi asm/sigcontext.h, vdso/sigtramp64.S.
 */
#include "proc/native/native.h"

#include <elf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	RED_ZONE = 512,
	ABI_FRAME = 128,
	GADGET_ROOM = 512,
	LR_SAVE = 16,		/* of a frame: where a callee puts lr */
	N_GREGS = 48, N_VREGS = 34, N_VSX = 32,
	SC = 0x44000002, BLR = 0x4e800020,
	WALK_MAX = 16, GADGET_BYTES = NATIVE_GADGET_BYTES,
};
#define MSR_SF		(1ULL << 63)
#define MSR_TS		(3ULL << 33)
#define MSR_VEC		(1ULL << 25)
#define MSR_VSX		(1ULL << 23)

struct frame_image {		/* struct ucontext and what its sigcontext points to */
	uint64_t uc_flags, uc_link;
	uint64_t ss_sp;
	uint32_t ss_flags, ss_pad;
	uint64_t ss_size;
	uint64_t sigmask, sigmask_unused[15];
	uint64_t unused[4];
	uint32_t signal, pad;
	uint64_t handler, oldmask, regs;
	uint64_t gregs[N_GREGS];
	uint64_t fpregs[33];
	uint64_t v_regs;
	uint64_t align;		/* to a quadword */
	uint8_t vmx[16 * N_VREGS];
	uint64_t vsx[N_VSX];
} __attribute__((aligned(16)));

_Static_assert(offsetof(struct frame_image, gregs) == 232, "uapi asm/sigcontext.h");
_Static_assert(offsetof(struct frame_image, v_regs) == 232 + 8 * (N_GREGS + 33), "the same");
_Static_assert(offsetof(struct frame_image, vmx) % 16 == 0, "vector registers are aligned");

/* What happens between `sc` and `blr`. */
struct way {
	int64_t up;		/* by how much r1 grows */
	int64_t lr;		/* where lr is loaded from, relative to r1 at `sc`; -1: not loaded */
	int64_t reg_from[32];	/* where each register was loaded from, -1: not from the stack */
};

/* X-form instructions that only compute: neg, extsw, mr (or), mfcr, cmp, cmpl, crandc and relatives. */
static bool only_computes(uint32_t i)
{
	uint32_t op = i >> 26, xo = i >> 1 & 0x3ff;

	switch (op) {
	case 7: case 8: case 10: case 11: /* mulli, subfic, cmpli, cmpi */
	case 14: case 15: /* addi, addis */
	case 24: case 25: case 26: case 27: case 28: case 29: /* ori, xori, andi. and shifted */
	case 20: case 21: case 30: /* rotates */
		return true;
	case 19: /* mcrf and logic on condition bits */
		return xo == 0 || (xo & 0x1f) == 1;
	case 31:
		return xo == 104 || xo == 986 || xo == 444 || xo == 19 || xo == 0 || xo == 32 ||
		       xo == 40 || xo == 266 || xo == 28;
	default:
		return false;
	}
}

/* The register that it writes: the field differs between forms. */
static uint32_t written(uint32_t i)
{
	uint32_t op = i >> 26, xo = i >> 1 & 0x3ff, rt = i >> 21 & 31, ra = i >> 16 & 31;

	if (op == 10 || op == 11 || op == 19 || (op == 31 && (xo == 0 || xo == 32)))
		return 0;
	if (op == 20 || op == 21 || (op >= 24 && op <= 30) || (op == 31 && (xo == 444 || xo == 986 || xo == 28)))
		return ra;
	return rt;
}

/* Follows code from @at on to a `blr`. False where it does anything else than is allowed. */
static bool walk(const uint8_t *code, size_t n, size_t at, int left, struct way *w)
{
	for (; left > 0 && at + 4 <= n; left--, at += 4) {
		uint32_t i = get32(code + at), op = i >> 26, rt = i >> 21 & 31, ra = i >> 16 & 31;
		struct way other;
		int64_t d = (int16_t)(i & 0xffff);

		if (i == BLR)
			return w->up >= 0 && w->up <= GADGET_ROOM - 64;
		if (i == 0x7c0803a6) { /* mtlr r0 */
			if (w->reg_from[0] < 0)
				return false;
			w->lr = w->reg_from[0];
			continue;
		}
		if (op == 14 && rt == 1) { /* addi r1,r1,d */
			if (ra != 1 || d < 0 || d % 16)
				return false;
			w->up += d;
			continue;
		}
		if (op == 58 && !(i & 3) && ra == 1 && rt != 1 && rt != 13) { /* ld rt,d(r1) */
			if (d < 0 || w->up + d > GADGET_ROOM + 64)
				return false;
			w->reg_from[rt] = w->up + d;
			continue;
		}
		/* bclr on one bit, or bc a little forward: both ways must end alike. */
		if ((op == 19 && (i >> 1 & 0x3ff) == 16 && !(i & 1)) ||
		    (op == 16 && !(i & 3) && d > 0 && d < 64)) {
			other = *w;
			if (op == 16 ? !walk(code, n, at + (size_t)d, left - 1, &other) :
				       w->up > GADGET_ROOM - 64)
				return false;
			return walk(code, n, at + 4, left - 1, w) && w->up == other.up &&
			       w->lr == other.lr;
		}
		if (op == 18 && !(i & 3)) { /* b: a little forward */
			d = (int64_t)((uint64_t)(i & 0x03fffffc) << 38) >> 38;
			if (d <= 0 || d >= 64)
				return false;
			at += (size_t)d - 4;
			continue;
		}
		if (!only_computes(i) || written(i) == 1 || written(i) == 13)
			return false;
		w->reg_from[written(i)] = -1;
	}
	return false;
}

static bool walk_from(const uint8_t *code, size_t n, struct way *w)
{
	w->up = 0;
	w->lr = -1;
	for (unsigned int i = 0; i < 32; i++)
		w->reg_from[i] = -1;
	return get32(code) == SC && walk(code, n, 4, WALK_MAX, w);
}

bool native_find_gadgets(struct native_gadgets *g, const uint8_t *code, size_t n, uint64_t addr)
{
	static const uint32_t tramp[] = {0x38210080, 0x380000ac, SC}; /* addi; li r0,172; sc */
	struct way w;

	for (size_t at = -addr & 3; at + 8 <= n && !native_gadgets_enough(g); at += 4) {
		if (!g->syscall_ret && walk_from(code + at, MIN(n - at, (size_t)GADGET_BYTES), &w)) {
			g->syscall_ret = addr + at;
			g->ret_up = (uint32_t)w.up;
			g->ret_lr = (int32_t)w.lr;
		}
		if (!g->sigreturn && n - at >= sizeof(tramp) && !memcmp(code + at, tramp, sizeof(tramp)))
			g->sigreturn = addr + at;
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

static bool get_set(pid_t tid, unsigned long set, void *p, size_t n)
{
	struct iovec iov = {p, n};

	return !ptrace(PTRACE_GETREGSET, tid, set, &iov) && iov.iov_len == n;
}

static bool will_restart(const struct native_regs *r)
{
	enum { RESTARTSYS = 512, RESTARTNOINTR = 513, RESTARTNOHAND = 514, RESTARTBLOCK = 516 };
	long nr = native_syscall_nr(r), res = -native_syscall_result(r);

	if (nr < 0 || (r->trap & 1))
		return false;
	return res == RESTARTSYS || res == RESTARTNOINTR || res == RESTARTNOHAND ||
	       res == RESTARTBLOCK || (res == EINTR && native_eintr_restartable(nr));
}

/* In the order of pt_regs, which is the order of ours. */
static int fill(struct frame_image *img, uint64_t at, pid_t tid, const struct native_regs *r)
{
	memcpy(img->gregs, r, sizeof(*r));
	img->gregs[33] &= ~(MSR_TS | MSR_VEC | MSR_VSX);
	if (!get_set(tid, NT_PRFPREG, img->fpregs, sizeof(img->fpregs)))
		return -1;
	if (get_set(tid, NT_PPC_VMX, img->vmx, sizeof(img->vmx))) {
		img->gregs[33] |= MSR_VEC;
		img->v_regs = at + offsetof(struct frame_image, vmx);
	}
	if (img->v_regs && get_set(tid, NT_PPC_VSX, img->vsx, sizeof(img->vsx)))
		img->gregs[33] |= MSR_VSX;
	return 0;
}

int native_build_frame(struct native_frame *f, pid_t tid, const struct native_regs *orig,
		       uint64_t mask, const struct native_gadgets *g, struct sut_err *err)
{
	uint64_t at = (orig->gpr[1] - RED_ZONE - sizeof(struct frame_image)) & ~15ULL;
	struct native_regs back = *orig;
	struct frame_image *img;
	uint64_t lr;

	memset(f, 0, sizeof(*f));
	f->heal_sp = at - ABI_FRAME;
	f->addr = f->heal_sp - GADGET_ROOM;
	f->size = at + sizeof(*img) - f->addr;
	f->bytes = xcalloc(1, f->size);
	f->scratch_top = f->addr - 64;
	img = xcalloc(1, sizeof(*img));
	if (will_restart(orig))
		native_restart_syscall(&back);
	img->ss_flags = 7;	/* refused, hence ignored */
	img->sigmask = mask;
	img->regs = at + offsetof(struct frame_image, gregs);
	if (fill(img, at, tid, &back) < 0) {
		free(img);
		native_frame_free(f);
		return sut_fail(err, SUT_P_REMOTE, "FPU state", "thread %d: cannot be read: %s", tid,
				strerror(errno));
	}
	memcpy(f->bytes + (at - f->addr), img, sizeof(*img));
	free(img);
	lr = f->heal_sp - g->ret_up + (uint64_t)g->ret_lr;
	if (g->ret_lr >= 0)
		memcpy(f->bytes + (lr - f->addr), &g->sigreturn, 8);

	f->heal = *orig;
	f->heal.nip = g->sigreturn;
	f->heal.gpr[1] = f->heal_sp;
	f->heal.link = g->sigreturn;
	f->heal.trap = 0;
	return 0;
}

void native_prepare_syscall(struct native_regs *r, const struct native_frame *f,
			    const struct native_gadgets *g, long nr, const uint64_t args[6])
{
	*r = f->heal;
	r->gpr[0] = (uint64_t)nr;
	memcpy(&r->gpr[3], args, 6 * sizeof(args[0]));
	r->nip = g->syscall_ret;
	r->gpr[1] = f->heal_sp - g->ret_up;
}

void native_prepare_function(struct native_regs *r, const struct native_frame *f,
			     const struct native_gadgets *g, uint64_t func,
			     const uint64_t args[6], uint64_t *ret_slot_addr, uint64_t ret_slot[2])
{
	*r = f->heal;
	memcpy(&r->gpr[3], args, 6 * sizeof(args[0]));
	r->nip = func;
	r->gpr[12] = func;
	/* lr is saved in this frame's header, where the stack ends for whoever looks. */
	*ret_slot_addr = f->heal_sp;
	ret_slot[0] = 0;
}

bool native_function_result(const struct native_regs *r, const struct native_gadgets *g, uint64_t *ret)
{
	*ret = r->gpr[3];
	return r->nip == g->sigreturn + 12;
}

int native_confirm_syscall(pid_t tid, long nr)
{
	return 0;
}

int native_skip_syscall(pid_t tid, const struct native_regs *heal, bool came_back)
{
	struct native_regs g = *heal;

	g.gpr[0] = ~0ULL;	/* the number */
	return native_set_regs(tid, &g);
}

bool native_must_not_divert(pid_t pid, pid_t tid, const struct native_regs *r, int mem_fd,
			    const char **ret_why)
{
	if (!(r->msr & MSR_SF)) {
		*ret_why = "it is running 32-bit code";
		return true;
	}
	if (r->msr & MSR_TS) {
		*ret_why = "it is in a memory transaction";
		return true;
	}
	/* Inside a system call there is none. */
	return native_syscall_nr(r) < 0 && native_in_rseq(tid, mem_fd, ret_why);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The frame that heals a thread.
 *
 * A thread that is made to run a system call for us must find back to its own work without us.
 * The kernel has the means: rt_sigreturn loads all registers, the signal mask and the FPU state
 * from a frame on the stack. So a complete signal frame with the thread's own state is written
 * below its red zone, and the thread is sent to
 *
 *	syscall; ret		(anywhere in its own code)
 *
 * with the stack pointer at the address of
 *
 *	mov $15,%rax; syscall	(the "restorer" that libc has for its signal handlers)
 *
 * which lies at the start of the frame, where a signal's return address would be. Nobody has to be
 * there when the call returns. Where no restorer exists, `pop %rax; ret` loads the 15.
 *
 *	 sp of the thread
 *	 - 128			red zone
 *	 FPU image		64-byte aligned, XSAVE format with the kernel's two magic words
 *	 frame + 8		ucontext
 *	 frame			restorer		<- heal_sp (or 16 bytes below, see above)
 *	 scratch_top ...	strings, stack for functions
 *
 * What the frame says that a handler's frame would not:
 *   - A thread inside a system call that the kernel would restart must restart it: rip and rax are
 *     wound back. (A sleep starts anew with its whole time then: the kernel forgets the rest at
 *     rt_sigreturn. That only happens when we die.)
 *   - The alternate stack is not known to us. Its flags are set to a value that sigaltstack(2)
 *     refuses; rt_sigreturn ignores the refusal and leaves the thread's setting alone.
 *   - The FPU image holds only the components that the kernel accepts from this thread: the tile
 *     data of AMX need a permission, so it is cut off unless in use.
 *
 * Functions are called with the system-call instruction as their return address: the stop at the
 * entry of that "call" gives control back with the result still in rax. If we die before, the
 * result is used once as a number; an address is no number, so the kernel says ENOSYS and the next
 * return heals. A shadow stack (CET) would notice these returns; such threads are not diverted.
 * Nor are threads inside a restartable sequence, which the kernel would not abort any more.
 *
 * References: arch/x86/kernel/signal_64.c, arch/x86/kernel/fpu/signal.c, uapi asm/sigcontext.h.
 */
#include "proc/native/native.h"
#include "proc/status.h"

#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	RED_ZONE = 128,
	XSTATE_MAX = 12288,
	XSTATE_HDR_OFF = 512,	/* xstate_bv */
	SW_OFF = 464,		/* sw_reserved of the FXSAVE area; XCR0 in ptrace's image */
	LEGACY_SIZE = 576,	/* FXSAVE area and XSAVE header */
	MAGIC1 = 0x46505853,
	MAGIC2 = 0x46505845,
	UC_FP_XSTATE = 1,
	UC_SIGCONTEXT_SS = 2,
	UC_STRICT_RESTORE_SS = 4,
	XFEATURE_TILE_DATA = 18,
};

struct frame_image {		/* struct rt_sigframe without its siginfo, which is not read back */
	uint64_t pretcode;
	uint64_t uc_flags, uc_link;
	uint64_t ss_sp;
	uint32_t ss_flags, pad;
	uint64_t ss_size;
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15, rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip;
	uint64_t eflags;
	uint16_t cs, gs, fs, ss;
	uint64_t err, trapno, oldmask, cr2;
	uint64_t fpstate;
	uint64_t reserved[8];
	uint64_t sigmask;
	uint8_t siginfo[128];
};

struct sw_bytes {
	uint32_t magic1, extended_size;
	uint64_t xfeatures;
	uint32_t xstate_size;
	uint32_t padding[7];
};

bool native_find_gadgets(struct native_gadgets *g, const uint8_t *code, size_t n, uint64_t addr)
{
	static const uint8_t sysret[] = {0x0f, 0x05, 0xc3}, popret[] = {0x58, 0xc3};
	static const uint8_t ret64[] = {0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05};
	static const uint8_t ret32[] = {0xb8, 0x0f, 0, 0, 0, 0x0f, 0x05};
	const struct {
		uint64_t *slot;
		const uint8_t *p;
		size_t n;
	} want[] = {
		{&g->syscall_ret, sysret, sizeof(sysret)},
		{&g->sigreturn, ret64, sizeof(ret64)},
		{&g->sigreturn, ret32, sizeof(ret32)},
		{&g->load_nr_ret, popret, sizeof(popret)},
	};

	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		const uint8_t *hit = *want[i].slot ? NULL : memmem(code, n, want[i].p, want[i].n);

		if (hit)
			*want[i].slot = addr + (uint64_t)(hit - code);
	}
	return g->syscall_ret && g->sigreturn;
}

bool native_gadgets_enough(const struct native_gadgets *g)
{
	return g->syscall_ret && (g->sigreturn || g->load_nr_ret);
}

/* Ends of the components in the standard-format XSAVE image; 0: not in the user's image. */
static uint32_t component_end[64];
static pthread_once_t ends_once = PTHREAD_ONCE_INIT;

static void read_ends(void)
{
	uint32_t a, b, c, d;

	for (unsigned int i = 2; i < 63; i++) {
		__cpuid_count(0xd, i, a, b, c, d);
		/* Supervisor components are left out. */
		component_end[i] = a && !(c & 1) ? a + b : 0;
	}
}

/* In a virtual machine each CPUID costs tens of microseconds, so all are asked once, beforehand. */
void native_prepare(void)
{
	pthread_once(&ends_once, read_ends);
}

static uint32_t xstate_size(uint64_t features)
{
	uint32_t size = LEGACY_SIZE;

	native_prepare();
	for (unsigned int i = 2; i < 63; i++)
		if (features >> i & 1)
			size = MAX(size, component_end[i]);
	return size;
}

/* Reads the FPU state of @tid as rt_sigreturn wants it. Returns its size with the magic; 0: no. */
static size_t build_fpstate(uint8_t *img, pid_t tid)
{
	struct iovec iov = {img, XSTATE_MAX};
	struct sw_bytes sw = {.magic1 = MAGIC1};
	uint64_t in_use;
	const uint32_t magic2 = MAGIC2;

	if (ptrace(PTRACE_GETREGSET, tid, NT_X86_XSTATE, &iov) || iov.iov_len < LEGACY_SIZE)
		return 0;
	memcpy(&sw.xfeatures, img + SW_OFF, sizeof(sw.xfeatures));
	memcpy(&in_use, img + XSTATE_HDR_OFF, sizeof(in_use));
	if (!(in_use >> XFEATURE_TILE_DATA & 1))
		sw.xfeatures &= ~(1ULL << XFEATURE_TILE_DATA);
	sw.xstate_size = MIN(xstate_size(sw.xfeatures), (uint32_t)iov.iov_len);
	sw.extended_size = sw.xstate_size + sizeof(magic2);
	if (sw.extended_size > XSTATE_MAX)
		return 0;
	memcpy(img + SW_OFF, &sw, sizeof(sw));
	memcpy(img + sw.xstate_size, &magic2, sizeof(magic2));
	return sw.extended_size;
}

static void fill_regs(struct frame_image *f, const struct native_regs *orig)
{
	const struct user_regs_struct *u = &orig->u;

	f->r8 = u->r8;
	f->r9 = u->r9;
	f->r10 = u->r10;
	f->r11 = u->r11;
	f->r12 = u->r12;
	f->r13 = u->r13;
	f->r14 = u->r14;
	f->r15 = u->r15;
	f->rdi = u->rdi;
	f->rsi = u->rsi;
	f->rbp = u->rbp;
	f->rbx = u->rbx;
	f->rdx = u->rdx;
	f->rax = u->rax;
	f->rcx = u->rcx;
	f->rsp = u->rsp;
	f->rip = u->rip;
	f->eflags = u->eflags;
	f->cs = (uint16_t)u->cs;
	f->ss = (uint16_t)u->ss;
	f->gs = (uint16_t)u->gs;
	f->fs = (uint16_t)u->fs;
}

static bool will_restart(const struct native_regs *r)
{
	enum { RESTARTSYS = 512, RESTARTNOINTR = 513, RESTARTNOHAND = 514, RESTARTBLOCK = 516 };
	long nr = native_syscall_nr(r), res = -native_syscall_result(r);

	if (nr < 0)
		return false;
	return res == RESTARTSYS || res == RESTARTNOINTR || res == RESTARTNOHAND ||
	       res == RESTARTBLOCK || (res == EINTR && native_eintr_restartable(nr));
}

int native_build_frame(struct native_frame *f, pid_t tid, const struct native_regs *orig,
		       uint64_t mask, const struct native_gadgets *g, struct sut_err *err)
{
	static _Thread_local uint8_t fp[XSTATE_MAX + 64];
	struct native_regs back = *orig;
	struct frame_image img;
	uint64_t top = orig->u.rsp - RED_ZONE, fp_at, frame_at;
	size_t fp_size, words;
	uint64_t loader[2];

	memset(f, 0, sizeof(*f));
	memset(&img, 0, sizeof(img));
	fp_size = build_fpstate(fp, tid);
	if (!fp_size)
		return sut_fail(err, SUT_P_REMOTE, "FPU state", "thread %d: cannot be read: %s", tid,
				strerror(errno));
	fp_at = (top - fp_size) & ~63ULL;
	/* Aligned so that functions find the stack as the ABI wants it: see below. */
	frame_at = (fp_at - sizeof(img)) & ~15ULL;

	if (will_restart(orig))
		native_restart_syscall(&back);
	fill_regs(&img, &back);
	img.uc_flags = UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS;
	img.ss_flags = 7;	/* refused, hence ignored */
	img.fpstate = fp_at;
	img.sigmask = mask;

	words = g->sigreturn ? 0 : 2;
	img.pretcode = g->sigreturn ? g->sigreturn : g->syscall_ret;
	loader[0] = g->load_nr_ret;
	loader[1] = SYS_rt_sigreturn;

	f->addr = frame_at - words * 8;
	f->size = fp_at + fp_size - f->addr;
	f->bytes = xcalloc(1, f->size);
	memcpy(f->bytes, loader, words * 8);
	memcpy(f->bytes + words * 8, &img, sizeof(img));
	memcpy(f->bytes + (fp_at - f->addr), fp, fp_size);
	f->heal_sp = f->addr;
	f->scratch_top = f->addr - 64;

	/* What a return from heal_sp leads to, with nothing called before. */
	f->heal = *orig;
	f->heal.u.rip = words ? g->load_nr_ret : g->sigreturn;
	f->heal.u.rsp = f->heal_sp + 8;
	f->heal.u.orig_rax = ~0ULL;
	f->heal.u.rax = 0;
	return 0;
}

static void set_args(struct native_regs *r, const uint64_t a[6])
{
	r->u.rdi = a[0];
	r->u.rsi = a[1];
	r->u.rdx = a[2];
	r->u.r8 = a[4];
	r->u.r9 = a[5];
	/* Direction flag clear, no trap flag: what any code expects on entry. */
	r->u.eflags &= ~0x500ULL;
	r->u.orig_rax = ~0ULL;
}

void native_prepare_syscall(struct native_regs *r, const struct native_frame *f,
			    const struct native_gadgets *g, long nr, const uint64_t args[6])
{
	*r = f->heal;
	set_args(r, args);
	r->u.r10 = args[3];
	r->u.rax = (uint64_t)nr;
	r->u.rip = g->syscall_ret;
	r->u.rsp = f->heal_sp;
}

void native_prepare_function(struct native_regs *r, const struct native_frame *f,
			     const struct native_gadgets *g, uint64_t func,
			     const uint64_t args[6], uint64_t *ret_slot_addr, uint64_t ret_slot[2])
{
	*r = f->heal;
	set_args(r, args);
	r->u.rcx = args[3];
	r->u.rax = 0;
	r->u.rip = func;
	/* heal_sp is a multiple of 16, so sp + 8 is one at the function's first instruction. */
	r->u.rsp = f->heal_sp - 8;
	*ret_slot_addr = r->u.rsp;
	ret_slot[0] = g->syscall_ret;
}

bool native_function_result(const struct native_regs *r, const struct native_gadgets *g, uint64_t *ret)
{
	*ret = r->u.orig_rax;
	return r->u.rip == g->syscall_ret + 2;
}

int native_confirm_syscall(pid_t tid, long nr)
{
	return 0;
}

int native_skip_syscall(pid_t tid, const struct native_regs *heal, bool came_back)
{
	struct native_regs g = *heal;

	g.u.orig_rax = ~0ULL;	/* the number */
	return native_set_regs(tid, &g);
}

bool native_must_not_divert(pid_t pid, pid_t tid, const struct native_regs *r, int mem_fd,
			    const char **ret_why)
{
	struct proc_status st;

	if (!proc_status_read(&st, pid, tid) && st.shadow_stack) {
		*ret_why = "it has a shadow stack (CET)";
		return true;
	}
	if ((r->u.cs & 0xffff) != 0x33) {
		*ret_why = "it is running 32-bit code";
		return true;
	}
	/* Inside a system call there is none. */
	return native_syscall_nr(r) < 0 && native_in_rseq(tid, mem_fd, ret_why);
}

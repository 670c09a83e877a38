/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stack walking: registers and a memory reader in, frames out.
 *
 * Pure code. It knows nothing of processes, and never guesses where it claims to know: a trace is
 * *reliable* only when every frame came from metadata valid for that very pc and the walk ended at
 * a place where stacks are known to begin. A reliable trace holds every function that the thread
 * can still return into. Everything else is for display.
 */
#ifndef SUTURE_UNWIND_UNWIND_H
#define SUTURE_UNWIND_UNWIND_H

#include "base/util.h"

/* Registers are indexed by their DWARF number. The highest any of the five psABIs needs is 75. */
#define UNW_NREGS 80
#define UNW_MAX_FRAMES 16384
#define UNW_IN_REG 1		/* no slot has such an offset */

struct unw_regs {
	uint64_t r[UNW_NREGS];
	uint64_t valid[(UNW_NREGS + 63) / 64]; /* bit n: r[n] is known */
};

static inline bool unw_reg_ok(const struct unw_regs *g, unsigned int n)
{
	return n < UNW_NREGS && (g->valid[n / 64] >> (n % 64) & 1);
}

static inline void unw_reg_set(struct unw_regs *g, unsigned int n, uint64_t v)
{
	g->r[n] = v;
	g->valid[n / 64] |= 1ULL << (n % 64);
}

static inline void unw_reg_unset(struct unw_regs *g, unsigned int n)
{
	g->valid[n / 64] &= ~(1ULL << (n % 64));
}

struct unw_mem;

/* What one instruction does to a frame, as far as it can be told by itself. */
struct unw_insn {
	int64_t sp_delta;	/* added to the stack pointer */
	bool returns;
};

/* What unwinding has to know of an architecture. One constant instance each. */
struct unw_arch {
	const char *name;
	uint16_t pc_reg;			/* DWARF number of the pc column; may equal ra_reg */
	uint16_t ra_reg, sp_reg, fp_reg;	/* DWARF numbers */
	uint16_t n_regs;			/* rows and registers with a number below this */
	uint8_t addr_size;
	uint64_t callee_saved;			/* bit n: kept by a call (n < 64) */
	uint64_t addr_mask;			/* bits of a return address that are address, or signed */
	uint64_t signed_bits;			/* those that an authentication code may take, where
						 * nothing better is known than the architecture */
	uint16_t red_zone;			/* bytes below sp that a leaf may use */
	uint8_t thumb_bit;			/* bit of a code pointer that tells the instruction set: 1 or 0 */
	bool back_chain;			/* 0(sp) leads to the caller's frame, where 16 bytes on the return
						 * address is: ppc64, for display */
	/*
	 * Metadata of the vdso's signal trampoline is not to be believed, its code is: arm64's used to describe
	 * the interrupted link register as the interrupted pc, ppc64's is wrong behind its first instructions,
	 * and riscv64's has no rules.
	 */
	bool sigframe_by_code;
	/* Code at a return address that provably ends the thread or the process. */
	bool (*ends_thread)(const uint8_t *code, size_t n);
	/* Code at a return address that is the signal-return sequence: which form, from 1 on; 0: no. */
	int (*is_sigreturn)(const uint8_t *code, size_t n);
	/*
	 * Code right after (or at) libc's clone system call, which no metadata describes because it
	 * returns twice. 1: a new thread's first instruction, its stack begins here; 2: the caller,
	 * with the return address on top of the stack and all registers as they were; 0: neither.
	 */
	int (*after_clone)(const uint8_t *code, size_t n, const struct unw_regs *regs);
	/*
	 * In that caller, where libc has saved registers that it uses itself: offset from sp of DWARF
	 * register @reg; UNW_IN_REG: it is in its register. NULL: all are.
	 */
	int (*clone_slot)(const uint8_t *code, size_t n, unsigned int reg);
	/* Where the kernel put DWARF register @reg, relative to sp at a return of that form; -1: nowhere. */
	int (*sigframe_offset)(int form, unsigned int reg);
	/*
	 * Is @p (@n bytes, read from address @at) the ucontext of a signal frame? Then the interrupted sp
	 * and pc. Must know every such frame that the kernel writes; may take other things for one.
	 */
	bool (*saved_context)(const uint8_t *p, size_t n, uint64_t at, uint64_t *ret_sp,
			      uint64_t *ret_pc);
	/*
	 * A return address of 0 was found where metadata has it, and @cfa is the frame above. Is that the
	 * one that a program's start code makes? NULL: start code has other marks.
	 */
	bool (*first_frame)(const struct unw_mem *mem, uint64_t cfa);
	bool short_insns;			/* instructions have two bytes or four, else four */
	/* The instruction that these bytes begin with, and its length: see exact.c. NULL: every table describes
	 * each instruction. */
	unsigned int (*frame_insn)(uint32_t insn, struct unw_insn *ret);
	/* May the last instruction of these 8 bytes be a call? True in doubt. */
	bool (*call_before)(const uint8_t code[8]);
};

/* The pc in a return address: neither authentication code (in @signed_bits) nor instruction set. */
static inline uint64_t unw_pc(const struct unw_arch *a, uint64_t signed_bits, uint64_t v)
{
	return v & a->addr_mask & ~signed_bits & ~(uint64_t)a->thumb_bit;
}
/* PORT: declared here, defined in src/unwind/arch_NAME.c */
extern const struct unw_arch unw_arch_x86_64;
extern const struct unw_arch unw_arch_aarch64;
extern const struct unw_arch unw_arch_arm;
extern const struct unw_arch unw_arch_ppc64le;
extern const struct unw_arch unw_arch_riscv64;

/* Reads @len bytes at @addr: 0, or -1 where any of them cannot be read. */
struct unw_mem {
	int (*read)(void *ctx, uint64_t addr, void *buf, size_t len);
	void *ctx;
};

enum unw_module_kind {
	UNW_MODULE_ELF,		/* mapped from a file */
	UNW_MODULE_VDSO,
	UNW_MODULE_PATCH,	/* ours */
};

struct debug_frame;

/* A piece of the address space that holds code, with what unwind metadata there is of it. */
struct unw_module {
	uint64_t lo, hi;	/* run-time addresses; all code of the module lies inside */
	uint64_t bias;		/* run-time address minus link-time address */
	enum unw_module_kind kind;
	const char *path;	/* for display; borrowed */
	uint64_t entry;		/* run-time e_entry where the kernel starts programs here, else 0 */
	/* Local copies, owned by the space when @owned. Addresses are run-time addresses. */
	const uint8_t *hdr;	/* .eh_frame_hdr, NULL: none (then linear search) */
	size_t hdr_size;
	uint64_t hdr_addr;
	const uint8_t *eh_frame;
	size_t eh_frame_size;
	uint64_t eh_frame_addr;
	const uint8_t *sframe;	/* looked at where .eh_frame says nothing */
	size_t sframe_size;
	uint64_t sframe_addr;
	const uint8_t *exidx;	/* 32-bit ARM: .ARM.exidx, and memory that holds .ARM.extab */
	size_t exidx_size;
	uint64_t exidx_addr;
	const uint8_t *extab;
	size_t extab_size;
	uint64_t extab_addr;
	struct debug_frame *debug_frame; /* of the file or its debug file; by link-time address */
	bool loaded;		/* the bytes above were fetched (they may still be absent) */
	bool owned;
	void *user;		/* for load() */
};

struct cfi_cache;

/*
 * Code of several instructions that may stand in place of a function's first ones and does nothing but go elsewhere:
 * anywhere in it the frame is what it is at @lo, whatever metadata says of what stood there before.
 */
struct unw_redirect {
	uint64_t lo;
	const uint8_t *code;	/* borrowed */
	size_t n;
};
#define UNW_REDIRECT_MAX 64

struct unw_space {
	const struct unw_arch *arch;
	uint64_t signed_bits;	/* of a return address; the architecture's until the kernel's are known */
	struct unw_module *v;	/* sorted by lo, disjoint */
	size_t n, cap;
	/* Fetches the metadata of a module when it is first needed; NULL: all are loaded. */
	void (*load)(void *ctx, struct unw_module *m);
	void *load_ctx;
	struct cfi_cache *cache; /* decoded rows by pc, shared by all walks in this space */
	struct unw_redirect *redirects;
	size_t n_redirects, cap_redirects;
	/* Of which functions it is known whether their tables describe each instruction. */
	struct {
		uint64_t lo;
		bool known, exact;
	} judged[64];
};

void unw_space_init(struct unw_space *s, const struct unw_arch *arch);
/* Adds a copy of @m. Call unw_space_sort() after the last. Paths stay borrowed. */
void unw_space_add(struct unw_space *s, const struct unw_module *m);
void unw_space_sort(struct unw_space *s);
/* @code (@n bytes, UNW_REDIRECT_MAX at most; stays borrowed) may stand at @lo. There may be several for one @lo. */
void unw_space_add_redirect(struct unw_space *s, uint64_t lo, const uint8_t *code, size_t n);
/* The module whose [lo, hi) holds @pc, with its metadata loaded, or NULL. */
struct unw_module *unw_space_find(struct unw_space *s, uint64_t pc);
void unw_space_free(struct unw_space *s);

/* How the *caller* of a frame was found. */
enum unw_method {
	UNW_NONE,		/* the last frame */
	UNW_CFI,		/* .eh_frame row for this pc */
	UNW_SIGFRAME,		/* the kernel's signal frame, known by its code */
	UNW_CLONE,		/* libc's clone, known by its code */
	UNW_FP,			/* frame pointer: a guess */
	UNW_SFRAME,		/* .sframe */
	UNW_EXIDX,		/* .ARM.exidx */
	UNW_DEBUG_FRAME,	/* .debug_frame */
};
const char *unw_method_name(enum unw_method m);

struct unw_frame {
	uint64_t pc;
	uint64_t sp;		/* stack pointer in this frame */
	uint64_t cfa;		/* its canonical frame address, 0: unknown */
	uint64_t func_lo, func_hi; /* range of the metadata's entry, 0: unknown */
	enum unw_method method;
	bool trusted;		/* this frame's pc was derived without any guess */
	bool is_signal;		/* a signal trampoline: the next pc is an interrupted one */
	bool at_call;		/* pc is a return address: the call is at pc - 1 */
};

enum unw_why {
	UNW_OK,			/* reliable */
	UNW_WHY_NO_MODULE,	/* pc in no known object (generated code?) */
	UNW_WHY_NO_CFI,		/* the object has no metadata for this pc */
	UNW_WHY_BAD_CFI,	/* the metadata is damaged or uses what we do not know */
	UNW_WHY_MEMORY,		/* the stack cannot be read */
	UNW_WHY_REGISTER,	/* a register that is needed is not known */
	UNW_WHY_CFA,		/* the stack does not grow towards its base */
	UNW_WHY_DEPTH,		/* more than UNW_MAX_FRAMES frames */
	UNW_WHY_CALLS,		/* the metadata is about calls, and this code was interrupted */
	UNW_WHY_ZERO,		/* pc is 0 where no stack is known to begin */
};

enum unw_end {
	UNW_END_NONE,		/* not at a known start */
	UNW_END_UNDEFINED,	/* CFI says: no return address */
	UNW_END_ENTRY,		/* the program's entry code */
	UNW_END_NEWBORN,	/* a thread that has run nothing yet */
	UNW_END_THREAD,		/* code that ends the thread on return */
	UNW_END_NULL,		/* the psABI's mark of the first frame */
};

struct unw_trace {
	struct unw_frame *v;	/* innermost first */
	size_t n, cap;
	bool reliable;
	enum unw_why why;	/* first reason that made it unreliable */
	enum unw_end end;
	char text[160];		/* the same for people; empty when reliable */
};

struct unw_opts {
	bool display;		/* go on by frame pointer, untrusted, where metadata ends */
	bool top_at_call;	/* the first pc is a return address (tests, coroutines) */
	size_t max_frames;	/* 0: UNW_MAX_FRAMES */
};

/*
 * Walks from @regs (sp and pc must be valid). Never fails: whatever goes wrong is in the trace.
 * @t may be reused; a zeroed struct is an empty trace. Not for two threads at once on one space.
 */
void unw_walk(struct unw_space *s, const struct unw_regs *regs, const struct unw_mem *mem,
	      const struct unw_opts *opts, struct unw_trace *t);
void unw_trace_free(struct unw_trace *t);

#endif

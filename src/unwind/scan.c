// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * May this thread return into that code? Asked where no metadata says what its frames are.
 *
 * A function that was entered and not left is one of two things. Either it runs: then the pc is in
 * it. Or it called something, or was interrupted: then the address at which it goes on is kept in a
 * general register or in a word of a stack, as calls and the kernel's signal frames are the only
 * ways out that come back. So a thread with no such address anywhere is clear, and a thread with one
 * *may* be inside: stale words and numbers look the same. The answer errs to that side alone.
 *
 * What counts as such an address (bits that are no address taken off: pointer authentication, the
 * Thumb bit):
 *	lo < v < hi	always
 *	v == hi		where the code before it may be a call: that one does not return, and yet its
 *			frame is there. Else it is a pointer to the next function.
 *	v == lo		as the pc, or as the pc of a signal frame. Else it is a function pointer, and no
 *			return address: nothing before it in the function could have made the call.
 *
 * Which words are looked at: aligned ones, from sp (less the red zone, which hand-written code of a
 * leaf may use for its link register) to the top of the thread's own stack, where sp lies below that
 * in the same writable memory. On another stack, or where the top is not known, it is to the end of
 * that memory, which may go on behind the stack; that is only more words. A stack that is not aligned
 * is refused.
 *
 * The top is where the C library has the thread's descriptor (proc/scan.c). A stack is one piece, and
 * the descriptor is none of its frames; so with sp below the descriptor, all frames are. What is above
 * it matters for the pause: an allocator's memory comes to lie right behind a stack, without a gap.
 *
 * Other stacks. On an alternate signal stack the interrupted code has left its sp in the signal frame,
 * which the kernel writes in one form, so each word is also tried as the place of the saved sp
 * (arch->saved_context): the stack found there is scanned too. Then the thread's own stack, the one
 * that it was born with, must have been among those scanned. Where it was not (the program switches
 * stacks by itself, the stack overflowed and the saved sp is in the guard page, the thread made its
 * own descriptor) the verdict is AWAY and the caller has to search all memory, or refuse.
 *
 * What is not an address as it is: jump buffers of glibc hold mangled ones. A function that called
 * setjmp and was not left has called on, so its ordinary return address is on its stack; one that was
 * left must not be jumped into (C11, 7.13.2.1). Shadow stacks and the call-saved copy of a link
 * register are copies: the ordinary place holds the address too, since no compiler of ours returns by
 * the shadow stack alone. Vector registers hold no return addresses in any of the psABIs. A label's
 * address kept in data (GNU C's computed goto) leads into a function only from inside of it.
 * Coroutines that wait while the thread is on its own stack: see apply/dormant.c.
 */
#include "unwind/scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STACKS_MAX = 64, CHUNK = 65536 };

struct scan {
	const struct unw_scan_in *in;
	struct unw_scan_out *out;
	uint64_t lo, hi;	/* around all ranges, settles nearly every word */
	struct unw_range stacks[STACKS_MAX];
	size_t n_stacks;
	bool home;		/* the thread's own stack was among them */
};

static uint64_t to_pc(const struct scan *s, uint64_t v)
{
	return unw_pc(s->in->arch, s->in->signed_bits, v);
}

/* A range of code is plain addresses. */
static struct unw_range range_of(const struct scan *s, size_t i)
{
	const struct unw_arch *a = s->in->arch;
	const struct unw_range *r = &s->in->code[i];

	return (struct unw_range){r->lo & a->addr_mask & ~(uint64_t)a->thumb_bit, r->hi & a->addr_mask};
}

static void fail(struct scan *s, const char *why, uint64_t at)
{
	if (s->out->verdict == UNW_SCAN_HIT || s->out->verdict == UNW_SCAN_FAILED)
		return;
	s->out->verdict = UNW_SCAN_FAILED;
	snprintf(s->out->text, sizeof(s->out->text), "%s 0x%llx", why, (unsigned long long)at);
}

static void hit(struct scan *s, size_t code, uint64_t v, uint64_t at, bool certain)
{
	if (s->out->verdict == UNW_SCAN_HIT)
		return;
	s->out->verdict = UNW_SCAN_HIT;
	s->out->code = code;
	s->out->value = v;
	s->out->at = at;
	s->out->certain = certain;
}

static bool call_before(struct scan *s, uint64_t pc)
{
	const struct unw_arch *a = s->in->arch;
	uint8_t code[8];

	return !a->call_before || s->in->mem->read(s->in->mem->ctx, pc - 8, code, 8) ||
	       a->call_before(code);
}

/* Is @v, found as a word, where a function of ours may go on? */
static bool returns_into(struct scan *s, uint64_t v, size_t *ret)
{
	v = to_pc(s, v);
	if (v <= s->lo || v > s->hi)
		return false;
	for (size_t i = 0; i < s->in->n_code; i++) {
		struct unw_range r = range_of(s, i);

		if (v > r.lo && (v < r.hi || (v == r.hi && call_before(s, v)))) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* The same for the pc of a thread or of a signal frame. */
static bool runs_in(struct scan *s, uint64_t pc, size_t *ret)
{
	pc = to_pc(s, pc);
	for (size_t i = 0; i < s->in->n_code; i++) {
		struct unw_range r = range_of(s, i);

		if (pc >= r.lo && pc < r.hi) {
			*ret = i;
			return true;
		}
	}
	return false;
}

static const struct unw_range *span_of(const struct unw_scan_in *in, uint64_t addr)
{
	size_t lo = 0, hi = in->n_spans;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (in->spans[mid].hi <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < in->n_spans && addr >= in->spans[lo].lo ? &in->spans[lo] : NULL;
}

/* A stack that the thread runs on or comes back to, from its @sp upwards. */
static void add_stack(struct scan *s, uint64_t sp, bool is_top)
{
	const struct unw_arch *a = s->in->arch;
	const struct unw_range *span = span_of(s->in, sp);
	struct unw_range r;

	if (!span && sp && (span = span_of(s->in, sp - 1)) && span->hi == sp) {
		/* An empty stack: sp is its very end. */
		r = (struct unw_range){sp, sp};
	} else if (!span) {
		/* A saved one may be off its stack: an overflow was handled. Then only all memory tells. */
		if (is_top)
			fail(s, "its stack pointer is in no writable memory:", sp);
		return;
	} else {
		r = (struct unw_range){sp, span->hi};
	}
	if (sp % a->addr_size) {
		fail(s, "its stack pointer is not aligned:", sp);
		return;
	}
	if (sp >= s->in->home.lo && sp <= s->in->home.hi && s->in->home.lo < s->in->home.hi) {
		s->home = true;
		r.hi = MIN(r.hi, s->in->home.hi);
	}
	r.lo -= MIN((uint64_t)a->red_zone, r.lo - span->lo);
	/* Less what is on the list already; scanning some of it twice does no harm. */
	for (size_t i = 0; i < s->n_stacks; i++) {
		const struct unw_range *o = &s->stacks[i];

		if (r.lo >= o->lo && r.lo < o->hi)
			r.lo = o->hi;
		else if (r.lo < o->lo && r.hi > o->lo && r.hi <= o->hi)
			r.hi = o->lo;
	}
	if (r.hi <= r.lo && s->n_stacks)
		return;
	if (s->n_stacks == STACKS_MAX)
		fail(s, "it has too many stacks, the last one at", sp);
	else
		s->stacks[s->n_stacks++] = r;
}

/* Words of @buf, and what saved contexts among them lead to. */
static void scan_buffer(struct scan *s, const uint8_t *buf, size_t own, size_t all, uint64_t at,
			bool follow)
{
	const struct unw_arch *a = s->in->arch;
	size_t w = a->addr_size, code;

	for (size_t k = 0; k + w <= own; k += w) {
		uint64_t v = 0, sp, pc;

		memcpy(&v, buf + k, w);
		if (returns_into(s, v, &code)) {
			hit(s, code, v, at + k, false);
			return;
		}
		if (!a->saved_context(buf + k, all - k, at + k, &sp, &pc))
			continue;
		if (runs_in(s, pc, &code)) {
			hit(s, code, pc, at + k, false);
			return;
		}
		if (follow)
			add_stack(s, sp, false);
	}
	s->out->words += own / w;
}

static void scan_stack(struct scan *s, uint64_t lo, uint64_t hi, uint8_t *buf)
{
	const struct unw_mem *mem = s->in->mem;

	for (uint64_t at = lo; at < hi && s->out->verdict == UNW_SCAN_CLEAR; at += CHUNK) {
		/* A context that crosses the end of a piece is seen whole: pieces overlap. */
		size_t own = MIN(CHUNK, hi - at), all = MIN(CHUNK + UNW_SCAN_CONTEXT, hi - at);

		if (mem->read(mem->ctx, at, buf, all))
			fail(s, "memory cannot be read (in time) at", at);
		else
			scan_buffer(s, buf, own, all, at, true);
	}
}

static void begin(struct scan *s, const struct unw_scan_in *in, struct unw_scan_out *out)
{
	memset(s, 0, sizeof(*s));
	s->in = in;
	s->out = out;
	s->lo = UINT64_MAX;
	for (size_t i = 0; i < in->n_code; i++) {
		s->lo = MIN(s->lo, range_of(s, i).lo);
		s->hi = MAX(s->hi, range_of(s, i).hi);
	}
}

static void scan_registers(struct scan *s, const struct unw_regs *regs)
{
	const struct unw_arch *a = s->in->arch;
	size_t code;

	if (runs_in(s, regs->r[a->pc_reg], &code)) {
		hit(s, code, regs->r[a->pc_reg], 0, true);
		return;
	}
	for (unsigned int i = 0; i < UNW_NREGS; i++)
		if (i != a->pc_reg && unw_reg_ok(regs, i) && returns_into(s, regs->r[i], &code)) {
			hit(s, code, regs->r[i], 0, false);
			return;
		}
}

void unw_scan(const struct unw_scan_in *in, const struct unw_regs *regs, struct unw_scan_out *out)
{
	const struct unw_arch *a = in->arch;
	uint8_t *buf = xmalloc(CHUNK + UNW_SCAN_CONTEXT);
	struct scan s;

	memset(out, 0, sizeof(*out));
	begin(&s, in, out);
	if (!unw_reg_ok(regs, a->pc_reg) || !unw_reg_ok(regs, a->sp_reg)) {
		fail(&s, "its registers are not known, sp is", 0);
	} else {
		scan_registers(&s, regs);
		if (out->verdict == UNW_SCAN_CLEAR)
			add_stack(&s, regs->r[a->sp_reg], true);
	}
	/* The list grows while it is worked on. */
	for (size_t i = 0; i < s.n_stacks && out->verdict == UNW_SCAN_CLEAR; i++)
		scan_stack(&s, s.stacks[i].lo, s.stacks[i].hi, buf);
	if (out->verdict == UNW_SCAN_CLEAR && !s.home) {
		out->verdict = UNW_SCAN_AWAY;
		snprintf(out->text, sizeof(out->text), "it runs on a stack at 0x%llx that is not the one it "
			 "began on", (unsigned long long)regs->r[a->sp_reg]);
	}
	free(buf);
}

bool unw_scan_buffer(const struct unw_scan_in *in, const uint8_t *buf, size_t own, size_t all,
		     uint64_t at, struct unw_scan_out *out)
{
	struct unw_scan_out now = {0};
	struct scan s;

	begin(&s, in, &now);
	scan_buffer(&s, buf, own, all, at, false);
	if (now.verdict == UNW_SCAN_CLEAR)
		return true;
	*out = now;
	return false;
}

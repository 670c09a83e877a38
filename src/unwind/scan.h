/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conservative scan: a verdict on a thread whose stack cannot be walked.
 *
 * Pure code: registers, a memory reader and the layout in, a verdict out. scan.c says why "clear" is
 * never false.
 */
#ifndef SUTURE_UNWIND_SCAN_H
#define SUTURE_UNWIND_SCAN_H

#include "unwind/unwind.h"

struct unw_range {
	uint64_t lo, hi;
};

struct unw_scan_in {
	const struct unw_arch *arch;
	uint64_t signed_bits;		/* as in struct unw_space */
	const struct unw_mem *mem;
	const struct unw_range *code;	/* where no thread may be */
	size_t n_code;
	const struct unw_range *spans;	/* writable memory: sorted, disjoint, neighbours merged */
	size_t n_spans;
	struct unw_range home;		/* the thread's own stack, all frames of it; lo == hi: not known */
};

enum unw_scan_verdict {
	UNW_SCAN_CLEAR,		/* nothing points into @code: the thread cannot return into it */
	UNW_SCAN_HIT,		/* something does, which may be a return address */
	UNW_SCAN_AWAY,		/* nothing found, but the thread's own stack was not come by: it runs on
				 * another one, and frames of it may wait elsewhere. Not clear. */
	UNW_SCAN_FAILED,	/* memory could not be read, or makes no sense. Not clear. */
};

struct unw_scan_out {
	enum unw_scan_verdict verdict;
	size_t code;		/* HIT: index of the range */
	uint64_t value;		/* HIT: what points there */
	uint64_t at;		/* HIT: address of the word; 0: a register holds it */
	bool certain;		/* HIT: the pc itself, so no mere resemblance */
	uint64_t words;		/* looked at */
	char text[120];		/* AWAY, FAILED: why, for people */
};

/* Scans registers and all stacks that the thread can come back to. @regs: as the thread stopped. */
void unw_scan(const struct unw_scan_in *in, const struct unw_regs *regs, struct unw_scan_out *out);

/*
 * Looks at the words of @buf, which was read from address @at, where no thread runs. A signal frame
 * that begins in the first @own bytes may go on up to @all. False: one may be a return address; see
 * @out, which is changed only then.
 */
bool unw_scan_buffer(const struct unw_scan_in *in, const uint8_t *buf, size_t own, size_t all,
		     uint64_t at, struct unw_scan_out *out);
#define UNW_SCAN_CONTEXT 1024	/* bytes that all of a signal frame's ucontext fits in */

#endif

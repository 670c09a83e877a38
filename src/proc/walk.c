// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Walking the stacks of threads: what a walk reads of a process, few system calls for each thread.
 */
#include "proc/status.h"
#include "proc/threads.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

#define WARM_MAX 32	/* threads of a server wait in few places */

/*
 * Stack words come from one block, read at once: most walks need no second read. The first block is
 * small, as most threads that wait are not deep; pages cost more than the call does.
 */
struct stack_reader {
	pid_t pid;
	struct code_seen *seen;
	uint64_t sp, lo;
	size_t n, next;
	uint8_t block[16384];
};

enum { FIRST_BLOCK = 2048, STACK_SPAN = 1 << 20 };

static size_t vm_read(pid_t pid, uint64_t addr, void *buf, size_t len)
{
	struct iovec l = {buf, len}, r[2] = {{(void *)(uintptr_t)addr, len}, {NULL, 0}};
	size_t first = MIN(len, 4096 - (addr & 4095));
	ssize_t n;

	/* Transfers are partial by element: the end of the mapping may lie inside. */
	r[0].iov_len = first;
	r[1] = (struct iovec){(void *)(uintptr_t)(addr + first), len - first};
	n = process_vm_readv(pid, &l, 1, r, len > first ? 2 : 1, 0);
	return n < 0 ? 0 : (size_t)n;
}

/* A few bytes of code, which must not push the stack out of the block. */
static int read_code(struct stack_reader *sr, uint64_t addr, void *buf, size_t len)
{
	struct code_seen *c = &sr->seen[(addr ^ addr >> 4 ^ addr >> 8) % 16];

	if (c->addr != addr || c->n < len) {
		c->n = 0;
		if (vm_read(sr->pid, addr, c->bytes, len) < len)
			return -1;
		c->addr = addr;
		c->n = len;
	}
	memcpy(buf, c->bytes, len);
	return 0;
}

static int read_stack(void *ctx, uint64_t addr, void *buf, size_t len)
{
	struct stack_reader *sr = ctx;

	if (len > sizeof(sr->block))
		return -1;
	if ((addr < sr->sp || addr - sr->sp > STACK_SPAN) && len <= sizeof(sr->seen->bytes))
		return read_code(sr, addr, buf, len);
	if (addr < sr->lo || addr - sr->lo > sr->n || sr->n - (addr - sr->lo) < len) {
		sr->lo = addr;
		sr->n = vm_read(sr->pid, addr, sr->block, MAX(sr->next, len));
		sr->next = sizeof(sr->block);
		if (sr->n < len)
			return -1;
	}
	memcpy(buf, sr->block + (addr - sr->lo), len);
	return 0;
}

bool tracee_walk(struct threads *ts, struct tracee *t, struct unw_space *s,
		 const struct unw_opts *opts, struct unw_trace *trace)
{
	struct native_regs *r = tracee_regs(t);
	struct stack_reader sr;
	struct unw_mem mem = {read_stack, &sr};
	struct unw_regs g;

	if (!r && (t->state != TRACEE_STOPPED || errno == ESRCH))
		return false;
	if (!r) {
		trace->n = 0;
		trace->reliable = false;
		trace->why = UNW_WHY_REGISTER;
		snprintf(trace->text, sizeof(trace->text), "its registers cannot be read: %s",
			 strerror(errno));
		return true;
	}
	/* The thread's own id: an exited main thread has no memory to read through. */
	sr.pid = t->tid;
	sr.lo = 0;
	sr.n = 0;
	sr.next = FIRST_BLOCK;
	sr.sp = native_sp(r);
	sr.seen = ts->seen;
	native_to_unw(r, &g);
	if (ts->know_signed)
		s->signed_bits = ts->signed_bits;
	read_stack(&sr, native_sp(r), &(uint8_t){0}, 1);
	unw_walk(s, &g, &mem, opts, trace);
	return true;
}

/*
 * Where a running main thread is nobody knows, but its outer frames stay: what looks like one of their
 * return addresses is decoded. Only a cache is filled, so a word that is none does no harm.
 */
static void warm_outer_frames(struct threads *ts, struct unw_space *s, struct unw_trace *trace)
{
	enum { DEPTH = 2048 };
	struct stack_reader sr = {.pid = ts->pid, .next = sizeof(sr.block), .seen = ts->seen};
	struct unw_mem mem = {read_stack, &sr};
	struct unw_opts opts = {.top_at_call = true, .max_frames = 1};
	uint64_t top = proc_stack_start(ts->pid) & ~7ull, words[DEPTH / 8];
	struct iovec to = {words, sizeof(words)}, from = {(void *)(uintptr_t)(top - DEPTH), DEPTH};

	if (top < DEPTH || process_vm_readv(ts->pid, &to, 1, &from, 1, 0) != DEPTH)
		return;
	for (size_t i = 0; i < DEPTH / 8; i++) {
		struct unw_regs g = {.valid = {0}};

		if (!unw_space_find(s, words[i]))
			continue;
		sr.sp = top - DEPTH + 8 * (i + 1);
		unw_reg_set(&g, native_unw_arch->sp_reg, sr.sp);
		unw_reg_set(&g, native_unw_arch->pc_reg, words[i]);
		unw_walk(s, &g, &mem, &opts, trace);
	}
}

void threads_warm(struct threads *ts, struct unw_space *s)
{
	struct unw_trace trace = {0};
	struct unw_opts opts = {0};

	for (size_t i = 0; i < ts->n && i < WARM_MAX; i++) {
		struct stack_reader sr = {.pid = ts->v[i].tid, .next = sizeof(sr.block), .seen = ts->seen};
		struct unw_mem mem = {read_stack, &sr};
		struct unw_regs g = {.valid = {0}};
		uint64_t sp, pc;
		long nr;

		if (!proc_waiting_at(ts->pid, ts->v[i].tid, &nr, &sp, &pc) || nr < 0) {
			if (ts->v[i].tid == ts->pid)
				warm_outer_frames(ts, s, &trace);
			continue;
		}
		sr.sp = sp;
		unw_reg_set(&g, native_unw_arch->sp_reg, sp);
		unw_reg_set(&g, native_unw_arch->pc_reg, pc);
		unw_walk(s, &g, &mem, &opts, &trace);
	}
	unw_trace_free(&trace);
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the debug information of a relocatable object says about its functions and variables: where
 * they are written, what is inlined into what, and what a function's signature is. Everything may
 * be absent.
 */
#ifndef SUTURE_BUILD_DIFF_DEBUG_H
#define SUTURE_BUILD_DIFF_DEBUG_H

#include "build/diff/layout.h"
#include "elf/elfobj.h"

struct dbg_inline {		/* a function that was inlined */
	char *name, *file;
	int line, end;		/* its own first and last line */
};

struct dbg_func {
	uint32_t sec;		/* a place where its code starts; a split function has several */
	uint64_t off;
	char *name, *file;	/* @file may be NULL */
	int line, end;		/* first and last line, 0: unknown */
	char *sig;		/* canonical spelling of the type, qualifiers left out */
	struct dbg_inline *inl;
	size_t n_inl, cap_inl;
};

struct dbg_var {
	uint32_t sec;		/* 0: not at a fixed address (thread-local, declared elsewhere) */
	uint64_t off;
	char *name, *file, *scope; /* @scope: function that holds the variable, NULL: none */
	char *type;		/* tag of its structure or union, or NULL */
	/*
	 * What is kept there, where that is not the variable as it is written: a part, or a value that the variable's
	 * is computed from. Equal texts mean the same. NULL: the variable itself.
	 */
	char *form;
	int line;
};

struct dbg {
	struct dbg_func *funcs;
	size_t n_funcs, cap_funcs;
	struct dbg_var *vars;
	size_t n_vars, cap_vars;
	/* Variables of functions without a place: thread-local ones of GCC's for arm64, and such as were optimised out. */
	struct dbg_var *unplaced;
	size_t n_unplaced, cap_unplaced;
	struct layouts layouts;
};

/* Reads all of it. Never NULL: without debug information the lists are empty. */
struct dbg *dbg_read(const struct elf_obj *o);
void dbg_free(struct dbg *d);
const struct dbg_func *dbg_func_at(const struct dbg *d, uint32_t sec, uint64_t off);
/* By place; a variable without one by @name at file scope. */
const struct dbg_var *dbg_var_at(const struct dbg *d, uint32_t sec, uint64_t off,
				 const char *name);

/*
 * The function that a variable @name without a place belongs to, which the code at (@sec, @off) uses: that
 * function, or one that is inlined into it. NULL where there is none, or more than one.
 */
const char *dbg_scope_unplaced(const struct dbg *d, uint32_t sec, uint64_t off, const char *name);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proving that a unit compiled from the original source is part of a linked object, and learning from
 * the match where everything is that the unit refers to. A stripped object is enough.
 */
#ifndef SUTURE_BUILD_PROVE_H
#define SUTURE_BUILD_PROVE_H

#include "build/diff/ref.h"
#include "build/match.h"

struct code_range {
	uint64_t lo, hi;
};

struct prove_object {		/* the linked object that runs: executable or shared library */
	struct elf_obj *o;	/* owned */
	char *name;		/* soname or base name */
	const struct target *target;
	struct code_range *exec; /* executable bytes present in the file, link-time addresses */
	size_t n_exec, cap_exec;
	uint64_t *starts;	/* function starts named by .eh_frame, sorted; n 0: unknown */
	uint64_t *ends;		/* [i] end of the function that begins at starts[i] */
	size_t n_starts, cap_starts;
	uint64_t tls_size, tls_align; /* PT_TLS */
	bool is_exec;		/* an executable (position independent or not), not a library */
	struct object_dyn *dyn;	/* dynamic relocations and symbols */
	uint64_t gp;		/* its global pointer (ppc64le: TOC pointer), 0: it has none */
	/* Functions of its symbol table, sorted by name: then a function is looked for where that says, and
	 * nowhere else. NULL: its code alone tells. */
	uint32_t *by_name;
	size_t n_by_name;
};

struct prove_object *prove_object_open(const char *path, struct sut_err *err);
/* The same of an object that was opened: takes it over, also on failure. */
struct prove_object *prove_object_from(struct elf_obj *o, struct sut_err *err);
/* For objects whose symbol table has all functions, with sizes: a kernel and its modules. */
void prove_object_use_names(struct prove_object *po);
void prove_object_free(struct prove_object *po);
/* The code at @addr and how much of it follows, or NULL where the file has none. */
const uint8_t *prove_code_at(const struct prove_object *po, uint64_t addr, uint64_t *ret_left);
/* An executable's TLS block, relative to the thread pointer. */
int64_t prove_tls_start(const struct prove_object *po);

/* What is known of one symbol of the original object after the match. */
struct sym_fact {
	bool has_addr, has_plt, has_got, has_tls, has_gd, has_ie, has_desc, has_ld;
	uint64_t addr;		/* link-time address of the symbol itself */
	uint64_t plt;		/* where calls to it go: a linkage stub, or the function itself */
	uint64_t got;		/* a GOT slot that holds its address */
	int64_t tls;		/* executable: offset from the thread pointer; else in the block */
	uint64_t gd, ie, desc;	/* GOT entries of the TLS models */
	char *witness;		/* the function whose code told it */
};

#define PROVE_STRONG_SIZE 32 /* bytes of a function; below, a single place may be an accident */

enum prove_state {
	PROVE_MISSING,		/* no place matches */
	PROVE_AMBIGUOUS,	/* several do, and nothing decides */
	PROVE_FOUND,
};

struct prove_func {
	uint32_t sym;		/* in the original object */
	struct match_func mf;
	bool is_code;		/* could be decoded */
	enum prove_state state;
	struct match *cands;	/* all places that match; [chosen] when found */
	size_t n_cands, cap_cands;
	size_t chosen;
};

struct anon_fact {		/* an anonymous piece of data that code refers to */
	uint32_t sec;
	int64_t off;
	uint64_t addr;
};

struct prove_unit {
	const struct prove_object *po;
	const struct elf_obj *orig; /* owned by the caller */
	struct ref **refs;	/* [section], owned by the caller */
	struct prove_func *funcs;
	size_t n_funcs, cap_funcs;
	uint32_t *func_of_sym;	/* [symbol] -> index into funcs + 1 */
	struct sym_fact *facts;	/* [symbol] */
	uint64_t *sec_base;	/* [section] where the linker put it; thread-local ones: as sym_fact.tls */
	bool *has_base;		/* [section] */
	struct anon_fact *anons;
	size_t n_anons, cap_anons;
	bool has_ld;
	uint64_t ld;		/* GOT entry of the module for local dynamic TLS */
	size_t n_found;
};

/*
 * Matches all functions of @orig. Never fails: what was not found is PROVE_MISSING. @refs are
 * refs_of_section() of each section.
 */
struct prove_unit *prove_unit_run(const struct prove_object *po, const struct elf_obj *orig,
				  struct ref **refs);
void prove_unit_free(struct prove_unit *pu);

/* The match of a function symbol, or NULL where it was not found. */
const struct match *prove_match(const struct prove_unit *pu, uint32_t sym);

/*
 * How many bytes may be overwritten from @at on: code of the function [addr, addr+size) plus the
 * padding behind it, which must be padding in the object and the start of nothing.
 */
uint64_t prove_room(const struct prove_object *po, uint64_t at, uint64_t addr, uint64_t size,
		    unsigned int isa);

/* For messages: the compiler that built the object, from .comment, or NULL. Fresh string. */
char *prove_object_compiler(const struct prove_object *po);

#endif

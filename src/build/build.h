/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The whole way from diffs to a patch: capture, compile, compare, prove, link. */
#ifndef SUTURE_BUILD_BUILD_H
#define SUTURE_BUILD_BUILD_H

#include "build/compile.h"
#include "build/diff/diff.h"
#include "build/imports.h"
#include "build/prove.h"
#include "patch/patch.h"

struct build_opts {
	const char *source, *make, *compdb, *deb; /* see struct sut_build_opts */
	const char *const *objects;	/* NULL-terminated */
	const char *const *patches;	/* NULL-terminated */
	const char *work;
	const char *name, *version, *description, *author;
	const char *const *cves;
	const char *const *accept_layouts; /* types; NULL-terminated, may be NULL */
	const volatile int *cancel; /* not zero: give up; may be NULL */
	int jobs;
};

enum unit_place {
	UNIT_UNKNOWN,		/* not found in any object, and nothing says that it is elsewhere */
	UNIT_MEMBER,
	UNIT_VARIANT,		/* the same source compiled otherwise is the one that is in an object */
	UNIT_ELSEWHERE,		/* the build links it into other things only */
};

struct build_unit {
	const struct compiled *compiled; /* in build.compiled; NULL: proved only for an address */
	const char *source;
	struct elf_obj *orig, *new;
	struct diff_unit *diff;
	struct prove_unit **proofs;	/* [object], NULL: not looked for */
	bool *member;			/* [object]: the unit is part of it */
	enum unit_place place;
	struct sut_err err;		/* why it cannot be patched, where it is part of an object */
	struct elf_obj *proof;		/* what is proved, where that is not orig itself; else NULL */
	struct ref **proof_refs;
	uint32_t *to_pu;		/* see struct link_unit; NULL: proofs are of orig itself */
	bool borrowed;			/* proofs and proof belong to the first attempt */
	bool *relies;			/* see struct link_unit */
};

struct libgcc;

struct build {
	struct build_opts opts;
	struct patch_set patches;
	struct capture capture;
	struct compile_result compiled, plain_compiled;
	struct build_unit *units;
	size_t n_units, cap_units;
	struct build_unit *plain;	/* first attempt, whose proofs the second one uses */
	size_t n_plain;
	struct build_unit *helpers;	/* units that only lend an address */
	size_t n_helpers, cap_helpers;
	struct libgcc *libgcc;		/* what the compiler can bring; NULL: not asked yet */
	struct build_unit *members;	/* what was taken of it, for each object that lacks some */
	size_t n_members;
	struct imports *imports;	/* [object], loaded when first asked */
	struct prove_object **objects;
	size_t n_objects, cap_objects;
	struct strvec object_paths;
	struct strvec elsewhere;	/* changed sources that no given object is made of */
	struct patch *patch;		/* NULL: nothing to patch, or refused */
	size_t n_proved, n_functions;	/* functions of affected units: found, and all */
	uint64_t capture_ns, compile_ns, compare_ns, prove_ns, link_ns;
	void *deb;
};

/*
 * Builds. 0 with b->patch set, or NULL where no code of the objects changes; -1 with every reason
 * that was found. In either case what was found stays in @b until build_free().
 */
int build_run(struct build *b, const struct build_opts *opts, struct sut_err *err);
void build_free(struct build *b);

/* describe.c: a patch with its name, version, labels and sources, and nothing else yet. */
struct patch *build_describe(const struct build_opts *o);
/* The compiler's own words in an object, or NULL. Fresh. */
char *build_compiler_of(const struct elf_obj *o);

#endif

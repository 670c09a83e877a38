/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What applying one patch to one process means, and whether it may be done: nothing is changed. */
#ifndef SUTURE_APPLY_PLAN_H
#define SUTURE_APPLY_PLAN_H

#include "apply/image.h"
#include "apply/session.h"
#include "apply/switch.h"

struct plan_object {
	const struct patch_object *o;	/* borrowed from the patch */
	const struct proc_module *m;	/* borrowed from the session; its address is kept below */
	uint64_t bias, lo, hi;
	struct image im;
	uint64_t *values, *below;
};

/* Text as it stood when the plan was made: it must be the same at the switch. */
struct plan_text {
	uint64_t addr;
	size_t size;
	uint8_t *bytes;		/* owned */
	const char *name;	/* borrowed from the patch */
};

struct plan {
	const struct patch *p;
	struct plan_text *texts;
	size_t n_texts, cap_texts;
	enum apply_outcome outcome;	/* DONE: there is something to do */
	struct plan_object *v;
	size_t n, cap;
	int reuse;			/* index in session.ls of an image that can be used again, -1 */
	struct switch_ranges ranges;	/* where no thread may be */
};

/*
 * Finds objects, compares every expected byte with live memory (bytes that our own patches
 * redirected count as what they were), looks for what is applied already. All reasons are
 * collected: P_BUILD_ID, P_BYTES, P_ROOM, P_NAME_TAKEN, P_LEDGER, P_IMPORT.
 * The session must have no half-done patch. Free also after -1.
 */
int plan_make(struct plan *pl, struct session *s, const struct patch *p, struct sut_err *err);
/* Finds the value of every symbol; IFUNC resolvers that no slot tells of are called remotely. */
int plan_resolve(struct plan *pl, struct session *s, struct sut_err *err);
/*
 * With all threads stopped: all text that the patch depends on is still what plan_make() saw. An
 * object may have been unloaded since, and another one loaded in its place. -1: P_BYTES.
 */
int plan_compare(const struct plan *pl, struct session *s, struct sut_err *err);
void plan_free(struct plan *pl);

#endif

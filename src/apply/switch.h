/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The switch: redirect all functions of a patch, or put all of them back, at one instant.
 * switch.c says why no instant, and no death of the tool, can leave them mixed.
 */
#ifndef SUTURE_APPLY_SWITCH_H
#define SUTURE_APPLY_SWITCH_H

#include "apply/session.h"

/* Code in which no thread may be. Run-time addresses; texts are borrowed. */
struct switch_range {
	uint64_t lo, hi;
	const char *func, *file;
	int line;
};
struct switch_ranges {
	struct switch_range *v;
	size_t n, cap;
};
void switch_range_add(struct switch_ranges *rs, uint64_t lo, uint64_t size, const char *func,
		      const char *file, int line);

/*
 * Stops all threads until, in one stop, none is in @ranges; then @fn runs with all stopped, once.
 * The result's attempts, pause and blockers are filled. Errors: P_BUSY, P_NOT_STOPPED,
 * E_INTERRUPTED, P_GONE, P_EXEC, and those of @fn. All threads run again on return.
 */
int switch_when_clear(struct session *s, const struct switch_ranges *ranges,
		      int (*fn)(void *ctx, struct session *s, struct sut_err *err), void *ctx,
		      struct sut_err *err);
/* One look at all threads without changing anything: fills the result's blockers. 1: not all
 * could be stopped. @ranges as above. */
int switch_sample(struct session *s, const struct switch_ranges *ranges, struct sut_err *err);

/* Fails with P_BUSY, naming the result's blockers; without any P_NOT_STOPPED or P_PAUSE, by the last stop. */
int switch_report_busy(struct session *s, struct sut_err *err);

/* Before the stop: makes the ledger's page a private copy now, and not while threads stand still. */
int switch_warm(struct session *s, struct ledger_group *g, struct sut_err *err);
/* With all threads stopped: everything of @g to the new version; to the bytes before. */
int switch_forward(struct session *s, struct ledger_group *g, struct sut_err *err);
int switch_back(struct session *s, struct ledger_group *g, struct sut_err *err);
/* Puts right what a dead tool left half done; the session must be attached, threads running. */
int switch_recover(struct session *s, struct sut_err *err);

#endif

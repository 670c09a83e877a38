/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One process while we work on it: its modules, its ledgers, and what the caller asked for. */
#ifndef SUTURE_APPLY_SESSION_H
#define SUTURE_APPLY_SESSION_H

#include "apply/ledger.h"
#include "proc/borrow.h"
#include "proc/find.h"
#include "proc/threads.h"

struct apply_opts {
	uint64_t timeout_ns;	/* how long to try for a moment at which all are clear; 0: 5 s */
	uint64_t max_pause_ns;	/* longest stop before a switch is given up; 0: 100 ms */
	const volatile int *cancel; /* NULL, or a flag: non-zero ends the attempt, cleanly */
	void (*progress)(void *ctx, const char *what); /* NULL, or told of each step */
	void *ctx;
};

enum apply_outcome {
	APPLY_FAILED,		/* the environment: see the reasons */
	APPLY_BLOCKED,		/* refused for safety, nothing changed */
	APPLY_DONE,
	APPLY_ALREADY,		/* this very patch is applied */
	APPLY_NOT_NEEDED,	/* the process does not map any object of the patch */
};
const char *apply_outcome_name(enum apply_outcome o);

/* A thread that kept the switch from happening, as seen in the last attempt. */
struct apply_blocker {
	pid_t tid;
	char comm[32];
	bool unreliable;	/* its stack could not be trusted; @why says where */
	bool scanned;		/* it may be inside: a word of a stack or a register leads there */
	char *func;		/* else: the function it is in, */
	char *file;		/* with its source position, NULL: unknown */
	int line;
	size_t frame;		/* 0: innermost */
	char *why;
};

struct apply_result {
	pid_t pid;
	char comm[32];
	enum apply_outcome outcome;
	char *patch;
	unsigned int n_threads;
	unsigned int attempts;	/* stops that were made for the switch */
	uint64_t pause_ns;	/* of the stop in which the switch happened */
	uint64_t place_pause_ns; /* how long one thread was held to map memory; 0: none was */
	uint64_t wall_ns;
	size_t n_funcs;
	size_t recovered;	/* patches found half-switched and put right first */
	bool reused;		/* an image from an earlier apply was used again */
	uint64_t text_compared;	/* revert: bytes of original text compared equal */
	struct apply_blocker *blockers;
	size_t n_blockers, cap_blockers;
};
void apply_result_free(struct apply_result *r);

struct session {
	pid_t pid;
	struct proc_info info;
	struct proc_modules ms;
	struct ledgers ls;
	struct threads ts;
	struct unw_space space;
	char *dormant;		/* why there may be stacks that no thread runs on; NULL: there are none */
	bool have_ms, have_space, attached;
	char user[64];		/* who we are, for the ledger */
	int lock;		/* held while the session lives; -1: none */
	struct apply_opts opts;	/* defaults filled in */
	struct apply_result *res;
};

/* Called before every step that changes the target; NULL outside of tests. */
extern void (*apply_step_hook)(const char *step);
void apply_step(struct session *s, const char *step);

/*
 * Opens @pid, refusing what can never work: ourselves, a thread of the kernel, a foreign
 * architecture, a process that is gone or not ours. Waits for another run of Suture on the same
 * process, for opts->timeout_ns at most (P_LOCKED). @opts may be NULL. Close also after -1.
 */
int session_open(struct session *s, pid_t pid, bool write, const struct apply_opts *opts,
		 struct apply_result *res, struct sut_err *err);
/*
 * Runs @fn with one thread that can make remote calls: mostly one that waits in the kernel, while
 * the others run on; where that cannot be, and where the session is attached already, with all
 * threads stopped. *@ret_ns: how long the thread or the process was held. Errors: see borrow.h.
 */
int session_remote(struct session *s, int (*fn)(void *ctx, struct session *s, struct remote *r,
						struct sut_err *err),
		   void *ctx, uint64_t *ret_ns, struct sut_err *err);
/* Reads maps, modules and ledgers again (the process may have loaded a library meanwhile). */
int session_refresh(struct session *s, bool write, struct sut_err *err);
/* Seizes all threads; they run on. Once per session. */
int session_attach(struct session *s, struct sut_err *err);
void session_close(struct session *s);

#endif

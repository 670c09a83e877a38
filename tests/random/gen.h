/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The generator of random programs: what its files know of each other. */
#ifndef SUTURE_TESTS_RANDOM_GEN_H
#define SUTURE_TESTS_RANDOM_GEN_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { MAX_FUNCS = 1000, MAX_PARAMS = 16, LEVELS = 6, CALLBACKS = 4 };

/* Units 0 to 3 are the program, LIB is the library, and the headers are included by some of them. */
enum { UNITS = 5, LIB = 4, HEAD_A = 5, HEAD_B = 6, PLACES = 7 };

enum form {
	PLAIN,		/* any signature, a handful of statements */
	SHORT,		/* a few instructions */
	LOOP,		/* the head of a loop is where it starts */
	PAIR,		/* one of two that call each other as their last act; the other is the next */
	RECURSIVE,
	VARIADIC,
	KEEPER,		/* has state that lives as long as the process, in old and new alike */
	CALLBACK,	/* uint32_t f(uint32_t) */
	INLINE,		/* in a header */
};

/* How the patch changes a function. The value that it returns always changes. */
enum edit { KEEP, ONE, DROP, ADD, ALL };

struct func {
	int id, place, level;
	enum form form;
	bool local, weak, alias, noinline;
	int ret;			/* index into types, or NONE for void */
	int params, param[MAX_PARAMS];
	enum edit edit;
	int frozen;			/* 1: left as it is, 2: and all that it calls in its unit, too */
	bool shared;			/* uses state that threads share */
	bool wrapped;			/* local, and nobody calls it: by way of a wrapper */
	bool mixed;			/* may change over in the middle */
	bool calls[MAX_FUNCS];		/* in either version */
	bool called;			/* in the old version, by another */
};

enum version { OLD, NEW };

#define NONE (-1)
extern const char *const types[];
int type_named(const char *name);

extern struct func funcs[MAX_FUNCS];
extern int n_funcs;
extern uint64_t seed;

/* A stream of numbers of its own for each (seed, a, b). */
struct rnd {
	uint64_t s;
};
struct rnd rnd_for(uint64_t a, uint64_t b);
uint64_t rnd_next(struct rnd *r);
int rnd_below(struct rnd *r, int n);
bool rnd_chance(struct rnd *r, int percent);

/* Decides on all functions, and then, with the names that @exclude lists, what stays as it is. */
void plan_funcs(int n);
bool plan_exclude(const char *path);
/* Only the old version has been written so far: remembers whom it calls. */
void plan_called(void);
/* What follows from who calls whom. */
void plan_calls(void);

bool can_call(const struct func *f, const struct func *g);
/* A function of the callback form in the place of @f, for the @i-th entry of a table, or NULL. */
struct func *callback_of(int place, int i);

void emit_prototype(FILE *o, const struct func *f, const char *prefix);
void emit_func(FILE *o, struct func *f, enum version v);
void emit_call(FILE *o, struct func *f, struct func *g, struct rnd *r, const char *h);
/* What every unit starts and ends with: its state, and how it is looked at and set back. */
void emit_state(FILE *o, int place);
void emit_state_end(FILE *o, int place);
void emit_driver(FILE *o);

#endif

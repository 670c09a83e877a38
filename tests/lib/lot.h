/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sweeps that are too long for some machines: KILL_STEP=N takes every N-th place only, from one of the first
 * N on that is drawn by lot and told: over many runs all have their turn. SEED=S draws that one again.
 */
#ifndef SUTURE_TESTS_LOT_H
#define SUTURE_TESTS_LOT_H

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

/* The step, 1 where none was asked for, and in *@ret_lot the first place. */
static inline int lot_draw(int *ret_lot)
{
	const char *every = getenv("KILL_STEP"), *seed = getenv("SEED");
	int step = every && *every ? atoi(every) : 1;
	unsigned int s = 0;

	if (step < 1)
		step = 1;
	if (seed && *seed)
		s = (unsigned int)strtoul(seed, NULL, 0);
	else if (getrandom(&s, sizeof(s), 0) != sizeof(s))
		s = (unsigned int)getpid();
	*ret_lot = (int)(s % (unsigned int)step);
	if (step > 1)
		printf("# every place whose number leaves %d when divided by %d: KILL_STEP=%d SEED=%d\n",
		       *ret_lot, step, step, *ret_lot);
	fflush(stdout);
	return step;
}

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PART_H
#define PART_H

#define NOINLINE __attribute__((noinline, noclone, noipa))

extern volatile long wrong;	/* calls of whole() that saw both versions */
int first(int n);
int second(int n);
int whole(void);		/* the version that runs: 1 or 2; 0: mixed */

#endif

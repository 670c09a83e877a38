/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef VICTIM_H
#define VICTIM_H

#include <linux/types.h>

/* More than any architecture passes in registers, of several sizes. */
#define MANY_ARGS long a, int b, char c, u64 d, short e, long f, u64 g, int h, long i, char j, u64 k, int l, \
	long m, u64 n
#define MANY_SUM ((long)(a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k + \
	12 * l + 13 * m + 14 * n))

struct victim_big {
	long word[6];
};

const char *victim_plain(void);
long victim_many(MANY_ARGS);
int victim_varargs(char *buf, int size, const char *fmt, ...);
struct victim_big victim_struct(struct victim_big in, short add);
unsigned long victim_recurse(unsigned long n);
int victim_sleep(void);
void victim_wait(void);
int victim_secret(void);
long victim_local(long a);
int victim_notrace(void);

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

struct pair {
	long a, b, c, d;
};

static long log_sum;
__attribute__((cold, noinline)) static void complain(long n)
{
	log_sum += n;
}

static __attribute__((noinline)) long isra(struct pair *p, long n)
{
	return p->a * n + n / 3;
}

static __attribute__((noinline)) long special(long n, long mode)
{
	long r = 0;

	for (long i = 0; i < n; i++)
		r += mode == 3 ? i * i : i;
	return r;
}

static long part(long *p, long n)
{
	if (!p)
		return -1;
	for (long i = 0; i < n; i++) {
		*p += i * n;
		if (__builtin_expect(*p > 100000, 0)) {
			complain(*p);
			*p = 1;
		}
	}
	return *p;
}

NOINLINE long use_part(long n)
{
	long v = n;

	return part(n > 0 ? &v : NULL, n);
}

NOINLINE long use_part_again(long n)
{
	static long keep;

	return part(n == 5 ? NULL : &keep, 2) + log_sum;
}

NOINLINE long cold(long n)
{
	if (__builtin_expect(n < 0, 0)) {
		complain(n);
		complain(-n);
		return 7;
	}
	return n + 1;
}

static NOINLINE long use_isra(long n, long m)
{
	struct pair p = {n, n, n, n};

	return isra(&p, m);
}

static NOINLINE long use_special(long n, long m)
{
	return special(n, 3) * m;
}

/* Through pointers: a caller that sees its callee may rely on its registers, and talk() never ends. */
static long (*volatile isra_user)(long, long) = use_isra;
static long (*volatile special_user)(long, long) = use_special;
static long (*volatile part_user)(long) = use_part;
static long (*volatile part_again_user)(long) = use_part_again;
static long (*volatile cold_user)(long) = cold;

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("isra"))
		printf("%ld", isra_user(n, m));
	if (IS("special"))
		printf("%ld %ld", special_user(n, 1), special_user(n + 1, 1));
	if (IS("part"))
		printf("%ld %ld", part_user(n), part_again_user(n));
	if (IS("cold"))
		printf("%ld", cold_user(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}

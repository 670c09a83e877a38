// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

typedef float vec __attribute__((vector_size(16)));
#if defined(__arm__)
#include <sys/auxv.h>
#define VECTOR __attribute__((target("fpu=neon")))
#define USABLE (getauxval(AT_HWCAP) >> 12 & 1)
#else
#define VECTOR
#define USABLE 1
#endif

struct wide {
	long v[7];
};
struct four {
	double a, b, c, d;
};

/* Recursion that is no tail call, each call with arguments on the stack. */
NOINLINE long tree(int n, long a, long b, long c, long d, long e, long f, long g, long h, long i, long j)
{
	if (n <= 0)
		return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j;
	return tree(n - 1, j, a, b, c, d, e, f, g, h, i) + tree(n - 2, b, c, d, e, f, g, h, i, j, a) + 1;
}

/* Two that call each other as their last act. */
NOINLINE long odd(long n, long sum);
NOINLINE long even(long n, long sum)
{
	return n ? odd(n - 1, sum + 1) : sum;
}

NOINLINE long odd(long n, long sum)
{
	return n ? even(n - 1, sum + 10) : -sum;
}

/* A tail call by pointer, and one whose arguments take the place of the caller's own on the stack. */
NOINLINE long plus(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j)
{
	return a + b + c + d + e + f + g + h + i + 10 * j;
}

NOINLINE long turned(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j)
{
	return plus(j, i, h, g, f, e, d, c, b, a);
}

long (*volatile last)(long, long) = even;

NOINLINE long by_pointer(long n)
{
	return last(n, 3);
}

/* A structure returned in memory goes through a tail call; one of floating-point members in registers. */
NOINLINE struct wide make(long n)
{
	struct wide w = {{n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6}};

	return w;
}

NOINLINE struct wide pass(long n)
{
	return make(n * 2);
}

NOINLINE struct four flip(struct four f, double x)
{
	struct four r = {f.d + x, f.c + x, f.b + x, f.a + x};

	return r;
}

NOINLINE double twice(struct four f)
{
	f = flip(flip(f, 1), 2);
	return f.a + 10 * f.b + 100 * f.c + 1000 * f.d;
}

/* More vectors than registers for them. */
VECTOR NOINLINE vec vectors(vec a, vec b, vec c, vec d, vec e, vec f, vec g, vec h, vec i, vec j, vec k,
			    vec l, vec m, vec n)
{
	return a - b + c - d + e - f + g - h + i - j + k - l + m - n;
}

VECTOR static NOINLINE float use_vectors(long n)
{
	vec v = {(float)n, 2, 3, 4}, w = {1, 1, 1, 1}, r;

	r = vectors(v, w, v, w, v, w, v, w, v, w, v, w, v, w);
	return r[0] + 10 * r[3];
}

/* Called back, by libc and by changed and unchanged functions, from a table and as an argument. */
NOINLINE int order(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return x < y ? -1 : x > y;
}

static NOINLINE int each(int x)
{
	return x + 1;
}

NOINLINE int apply_to(int (*f)(int), int n)
{
	return f(n) * 3;
}

static int (*const table[])(int) = {abs, each};

static NOINLINE bool talk(const char *word, long n, long m)
{
	struct four f = {1, 2, 3, 4};
	int list[] = {5, 3, 9, 1};

	if (IS("tree"))
		printf("%ld", tree((int)n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
	if (IS("even"))
		printf("%ld", even(n, 0));
	if (IS("turned"))
		printf("%ld", turned(1, 2, 3, 4, 5, 6, 7, 8, 9, 10));
	if (IS("pointer"))
		printf("%ld", by_pointer(n));
	if (IS("pass"))
		printf("%ld %ld", pass(n).v[0], pass(n).v[6]);
	if (IS("twice"))
		printf("%.0f", twice(f));
	if (IS("usable"))
		printf("%d", !!USABLE);
	if (IS("vectors"))
		printf("%.0f", (double)use_vectors(n));
	if (IS("sorted")) {
		qsort(list, 4, sizeof(list[0]), order);
		printf("%d %d %d %d", list[0], list[1], list[2], list[3]);
	}
	if (IS("each"))
		printf("%d %d", apply_to(each, (int)n), apply_to(table[1], (int)n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <stdarg.h>

struct big {
	long v[6];
};
struct mixed {
	double d;
	int i;
};

/* The widest vectors that every machine of the architecture, or a test at run time, has registers for. */
#if defined(__x86_64__)
typedef float vec __attribute__((vector_size(32)));
#define VECTOR __attribute__((target("avx")))
#define USABLE __builtin_cpu_supports("avx")
#else
typedef float vec __attribute__((vector_size(16)));
#define USABLE 1
#endif
#if defined(__arm__)
#include <sys/auxv.h>
#undef USABLE
#define USABLE (getauxval(AT_HWCAP) >> 12 & 1)
#define VECTOR __attribute__((target("fpu=neon")))
#elif !defined(VECTOR)
#define VECTOR
#endif

NOINLINE long many(long a, int b, short c, char d, long e, long f, long g, int h, short i, char j, long k)
{
	return a + b + c + d + e + f + g + h + i + j + k;
}

NOINLINE struct big by_value(struct big x, struct mixed m)
{
	x.v[0] += m.i;
	x.v[5] += (long)m.d;
	return x;
}

NOINLINE struct mixed in_registers(struct mixed m)
{
	m.d += 1;
	m.i *= 2;
	return m;
}

NOINLINE double variadic(int n, ...)
{
	va_list ap;
	double sum = 0;

	va_start(ap, n);
	for (int i = 0; i < n; i++) {
		sum += va_arg(ap, double);
		sum += va_arg(ap, int);
	}
	va_end(ap);
	return sum;
}

NOINLINE long double wide(long double x, float y, double z)
{
	return x + y + z;
}

VECTOR NOINLINE vec vector(vec a, vec b)
{
	return a + b;
}

NOINLINE long leaf(long n)
{
	volatile long v[12];

	for (int i = 0; i < 12; i++)
		v[i] = n + i;
	return v[0] + v[11];
}

VECTOR static NOINLINE float use_vector(long n)
{
	vec a = {(float)n, 2, 3, 8}, r;

	a[sizeof(a) / sizeof(a[0]) - 1] = 8;
	r = vector(a, a);
	return r[0] + r[sizeof(r) / sizeof(r[0]) - 1];
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	struct big x = {{1, 2, 3, 4, 5, 6}};
	struct mixed mx = {2.5, 3};

	if (IS("many"))
		printf("%ld", many(n, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1));
	if (IS("value")) {
		x = by_value(x, mx);
		printf("%ld %ld %ld", x.v[0], x.v[3], x.v[5]);
	}
	if (IS("registers")) {
		mx = in_registers(mx);
		printf("%.1f %d", mx.d, mx.i);
	}
	if (IS("variadic"))
		printf("%.1f", variadic(5, 1.5, 1, 2.5, 2, 3.5, 3, 4.5, 4, 5.5, 5));
	if (IS("wide"))
		printf("%.2Lf", wide(1.25L, 2.5f, 3.0));
	if (IS("vector"))
		printf("%.0f", (double)use_vector(n));
	if (IS("usable"))
		printf("%d", !!USABLE);
	if (IS("leaf"))
		printf("%ld", leaf(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}

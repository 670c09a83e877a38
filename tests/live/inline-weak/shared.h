/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ways in which C puts one function into several units. COMDAT is what C++ does with inline
 * functions; in C the group has to be asked for by hand, in the section's name, with a
 * comment that hides what the compiler adds.
 */
#if defined(__aarch64__)
#define REST "//"
#elif defined(__arm__)
#define REST "@"
#else
#define REST "#"
#endif
#define COMDAT(name) __attribute__((weak, noinline, \
	section(".text." #name ",\"axG\",%progbits," #name ",comdat" REST)))

COMDAT(grouped) long grouped(long n)
{
	return n * 10 + 1;
}

/* Only ever inlined here; only.c has the code that pointers point to. */
extern inline __attribute__((gnu_inline)) long gnu_way(long n)
{
	return n * 20 + 1;
}

/* C99: inlined, or a call of the one that out.c gives out. */
inline long c99_way(long n)
{
	return n * 30 + 1;
}

/* Each unit has one, the linker takes the first. GCC ignores the attribute on an inline definition. */
__attribute__((weak)) extern long weak_way(long n);
extern inline long weak_way(long n)
{
	return n * 40 + 1;
}

long from_out(int which, long n);

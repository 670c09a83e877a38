// SPDX-License-Identifier: GPL-2.0-or-later
/* One thread, which for a while makes no system call and has something in its vector registers. */
#include "talk.h"

#include <stdint.h>
#include <sys/auxv.h>

NOINLINE long value(long n)
{
	return n * 3 + 1;
}

#ifdef __riscv
static bool usable(void)
{
	return getauxval(AT_HWCAP) >> ('V' - 'A') & 1;
}

/* What is in the first and in the last register after @ms, and how they were set up. */
static bool keeps(unsigned long ms)
{
	unsigned long seed = 0x123456789abcdef, first, last, vl, type, vl2, type2, end, now;

	asm volatile(".option push\n.option arch, +v\n"
		     "rdtime %[end]\nadd %[end], %[end], %[ticks]\n"
		     "vsetvli %[vl], zero, e64, m1, ta, ma\ncsrr %[type], vtype\n"
		     "vmv.v.x v0, %[seed]\nvmv.v.x v31, %[seed]\n"
		     "1: rdtime %[now]\nbltu %[now], %[end], 1b\n"
		     "csrr %[vl2], vl\ncsrr %[type2], vtype\n"
		     "vsetvli zero, zero, e64, m1, ta, ma\n"
		     "vmv.x.s %[first], v0\nvmv.x.s %[last], v31\n"
		     ".option pop\n"
		     : [end] "=&r"(end), [now] "=&r"(now), [vl] "=&r"(vl), [type] "=&r"(type), [vl2] "=&r"(vl2),
		       [type2] "=&r"(type2), [first] "=&r"(first), [last] "=&r"(last)
		     : [seed] "r"(seed), [ticks] "r"(ms * 10000));	/* a clock of 10 MHz */
	return first == seed && last == seed && vl == vl2 && type == type2;
}
#else
static bool usable(void)
{
	return false;
}

static bool keeps(unsigned long ms)
{
	return false;
}
#endif

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("value"))
		printf("%ld", value(n));
	if (IS("usable"))
		printf("%d", usable());
	if (IS("spin"))
		printf(keeps((unsigned long)n) ? "kept" : "lost");
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}

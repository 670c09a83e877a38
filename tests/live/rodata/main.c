// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

static const int table[] = {11, 22, 33, 44};

NOINLINE const char *text(int n)
{
	switch (n) {
	case 0:
		return "nothing";
	case 1:
		return "uno";
	case 2:
		return "two";
	case 3:
		return "three";
	case 7:
		return "seven";
	default:
		return "many";
	}
}

NOINLINE int action(int n, int m)
{
	switch (n) {
	case 0:
		return m + 1;
	case 1:
		return m * 3;
	case 2:
		return m - 4;
	case 3:
		return m / 5;
	case 4:
		return m ^ 6;
	case 9:
		return m % 8;
	}
	return -1;
}

NOINLINE double scale(double d)
{
	return d * 1.5 + 0.3;
}

NOINLINE int lookup(int n)
{
	return table[n % (int)(sizeof(table) / sizeof(table[0]))];
}

static bool talk(const char *word, long n, long m)
{
	if (IS("text"))
		printf("%s", text((int)n));
	if (IS("action"))
		printf("%d", action((int)n, (int)m));
	if (IS("scale"))
		printf("%.1f", scale((double)n));
	if (IS("lookup"))
		printf("%d", lookup((int)n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}

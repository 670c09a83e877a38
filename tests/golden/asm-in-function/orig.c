// SPDX-License-Identifier: GPL-2.0-or-later
int f(int x)
{
	__asm__ volatile("nop; nop" ::: "memory");
	return x;
}
int g(int x)
{
	return x + 1;
}

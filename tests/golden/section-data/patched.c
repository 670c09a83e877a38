// SPDX-License-Identifier: GPL-2.0-or-later
__attribute__((section(".mydata"))) int a = 1;
__attribute__((section(".mydata"))) int b = 3;
int f(void)
{
	return a + b;
}

// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int *);
int f(int x)
{
	if (x) {
		static int n;
		return ext(&n);
	}
	{
		static int n;
		return 2 * ext(&n);
	}
}

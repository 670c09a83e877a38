// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int *);
int f(int x)
{
	if (x > 3) {
		static int n;
		return ext(&n);
	}
	if (x == 0) {
		static int n;
		return 3 * ext(&n);
	}
	{
		static int n;
		return 2 * ext(&n);
	}
}

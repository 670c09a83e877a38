// SPDX-License-Identifier: GPL-2.0-or-later
long value(long n);

long value(long n)
{
	return n * 3 + 1;
}

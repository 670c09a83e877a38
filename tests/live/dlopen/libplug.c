// SPDX-License-Identifier: GPL-2.0-or-later
static long calls = 1;

long plug(long n);

long plug(long n)
{
	return n * 3 + calls++;
}

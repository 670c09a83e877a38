// SPDX-License-Identifier: GPL-2.0-or-later
__thread long theirs = 3;
long bump_theirs(long n);

long bump_theirs(long n)
{
	theirs = theirs * 1 + n;
	return theirs < 0 ? 0 : theirs;
}

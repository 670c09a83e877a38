// SPDX-License-Identifier: GPL-2.0-or-later
static __thread long hidden = 20;
__thread long visible = 1;

long desc(long n);

long desc(long n)
{
	hidden += n;
	visible += n;
	return hidden + visible;
}

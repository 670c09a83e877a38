// SPDX-License-Identifier: GPL-2.0-or-later
/* One descriptor may serve both static variables, and the patch may need one for each. */
static __thread long hidden = 20, also = 3;
__thread long visible = 1;

long desc(long n);

long desc(long n)
{
	hidden += n;
	also += n;
	visible += n;
	return hidden + also + visible;
}

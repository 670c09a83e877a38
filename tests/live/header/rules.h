/* SPDX-License-Identifier: GPL-2.0-or-later */
#define LIMIT_NAME "limit"

static inline int rule(int n)
{
	return n > 10 ? 10 : n;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Functions of a module, loaded before or later: every way in which one is called. */
#include <linux/kernel.h>

#include "patch.h"
#include "victim.h"

/* Data of the new code, kept from call to call; a function that the old code did not have. */
static noinline int count(void)
{
	static int calls;

	return ++calls;
}

static const char *new_plain(void)
{
	static char text[16];

	snprintf(text, sizeof(text), "new %d", count());
	return text;
}

static long new_many(MANY_ARGS)
{
	return MANY_SUM + 100000;
}

static int new_varargs(char *buf, int size, const char *fmt, ...)
{
	va_list ap;
	int n = scnprintf(buf, size, "new ");

	va_start(ap, fmt);
	n += vsnprintf(buf + n, size - n, fmt, ap);
	va_end(ap);
	return n;
}

static struct victim_big new_struct(struct victim_big in, short add)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(in.word); i++)
		in.word[i] *= add;
	return in;
}

static unsigned long new_recurse(unsigned long n)
{
	return n ? 2 * n + new_recurse(n - 1) : 0;
}

static struct suture_func funcs[] = {
	FUNC(victim_plain, new_plain),
	FUNC(victim_many, new_many),
	FUNC(victim_varargs, new_varargs),
	FUNC(victim_struct, new_struct),
	FUNC(victim_recurse, new_recurse),
	{}
};
static struct suture_object objs[] = { { .name = "victim", .funcs = funcs }, {} };
PATCH_MODULE(objs);

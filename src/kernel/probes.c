// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Probes of other tools on functions that are to be redirected.
 *
 * The kernel redirects a function below a probe without a word: what is set on its entry still fires, what is set
 * farther inside never does again, and its owner waits in vain. So it is refused while nothing is changed. The kernel
 * lists all probes in debugfs, by function, distance and module:
 *
 *	ffffffff9c0a1b20  k  cmdline_proc_show+0x4    [FTRACE]
 *
 * Where debugfs is not mounted nothing is known, and nothing is harmed.
 */
#include "kernel/probes.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROBES "/sys/kernel/debug/kprobes/list"

/* The next word of @p, which is moved behind it. */
static char *word(char **p)
{
	char *w = *p + strspn(*p, " \t\n");

	*p = w + strcspn(w, " \t\n");
	if (**p)
		*(*p)++ = '\0';
	return w;
}

/* "vfs_read+0x10" is in vfs_read and also in what the compiler cut off as vfs_read.cold. */
static bool is_in(const char *place, const char *func)
{
	size_t n = strlen(func);

	return !strncmp(place, func, n) && (place[n] == '+' || str_starts(place + n, ".cold+"));
}

static void look(const struct patch_kernel *k, char *line, struct sut_err *err)
{
	char *rest = line, *place, *module, *kind;
	bool gone = strstr(line, "[GONE]");

	word(&rest);
	kind = word(&rest);
	place = word(&rest);
	module = word(&rest);
	if (gone || !strchr(place, '+'))
		return;
	for (size_t i = 0; i < k->n_objects; i++) {
		const struct patch_kobject *o = &k->objects[i];

		/* In the kernel itself a flag, or nothing, follows. */
		if (strcmp(o->name, *module && *module != '[' ? module : "vmlinux"))
			continue;
		for (size_t f = 0; f < o->n_funcs; f++)
			if (is_in(place, o->funcs[f].name))
				sut_fail(err, SUT_K_PROBED, o->funcs[f].name, "a %s is set at %s",
					 *kind == 'r' ? "return probe" : "probe", place);
	}
}

void probes_check(const struct patch_kernel *k, struct sut_err *err)
{
	FILE *f = fopen(PROBES, "re");
	char line[1024];

	while (f && fgets(line, sizeof(line), f))
		look(k, line, err);
	if (f)
		fclose(f);
}

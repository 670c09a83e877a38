/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debian's archives, through a private apt that leaves the host's own alone. */
#ifndef SUTURE_BUILD_APT_H
#define SUTURE_BUILD_APT_H

#include "base/err.h"

struct apt {
	char *dir;		/* its configuration, lists and caches */
	char *arch;		/* Debian's name of a foreign architecture; NULL: the host's */
	const volatile int *cancel; /* not zero: end what runs; may be NULL */
};

/*
 * @cache: folder below which it lives. Fetches lists that are older than a day. -1: B_DEB_FETCH, E_IO,
 * E_INTERRUPTED.
 */
int apt_open(struct apt *a, const char *cache, const char *arch, const volatile int *cancel,
	     struct sut_err *err);
void apt_close(struct apt *a);
/*
 * Runs a command of apt's or dpkg's family in @cwd with the private configuration. @ret_out takes
 * its output (caller frees). -1 with @code, E_TOOL or E_INTERRUPTED.
 */
int apt_tool(const struct apt *a, const char *cwd, char *const argv[], enum sut_code code,
	     char **ret_out, struct sut_err *err);
/* apt-cache @verb for a package; NULL where it knows none. Caller frees. */
char *apt_show(const struct apt *a, const char *verb, const char *spec);
/* The value of "Field: value" in the stanza at @s; NULL when it has none. Caller frees. */
char *apt_field(const char *s, const char *name);
const char *apt_next_stanza(const char *s);

#define ARGV(...) ((char *const[]){__VA_ARGS__, NULL})
#define W(s) ((char *)(s))

#endif

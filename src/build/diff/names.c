// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every suffix that gcc and clang append to names, once. gcc writes foo.isra.0.constprop.1.cold,
 * clang foo.llvm.1234 and, for statics inside of functions, foo.calls and foo.calls.5.
 */
#include "build/diff/names.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *suffix;
	enum clone_kind kind;
} suffixes[] = {
	{"isra", CLONE_ABI},
	{"constprop", CLONE_ABI},
	{"simdclone", CLONE_ABI},
	{"part", CLONE_PIECE},
	{"cold", CLONE_COLD},
	{"llvm", CLONE_RENAMED},
	{"lto_priv", CLONE_RENAMED},
	{"localalias", CLONE_RENAMED},
	{"__uniq", CLONE_RENAMED},
};

static enum clone_kind suffix_kind(const char *s, size_t n)
{
	for (size_t i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (strlen(suffixes[i].suffix) == n && !memcmp(suffixes[i].suffix, s, n))
			return suffixes[i].kind;
	return CLONE_NONE;
}

static bool is_number(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!isdigit((unsigned char)s[i]))
			return false;
	return n > 0;
}

/* The length of "__UNIQUE_ID_ddebug" in the kernel's "__UNIQUE_ID_ddebug233", whose number counts through the unit; else 0. */
static size_t unique_len(const char *s, size_t n)
{
	static const char start[] = "__UNIQUE_ID_";
	size_t len = n;

	if (n < strlen(start) || memcmp(s, start, strlen(start)))
		return 0;
	while (len > strlen(start) && isdigit((unsigned char)s[len - 1]))
		len--;
	return len < n ? len : 0;
}

char *name_key(const char *name, bool *ret_numbered)
{
	char *key = xmalloc(strlen(name) + 1), *out = key;
	const char *p = name;

	*ret_numbered = false;
	/* A leading dot is part of the name. */
	while (*p) {
		size_t n = strcspn(p + 1, ".") + 1, dot = *p == '.', unique = unique_len(p + dot, n - dot);
		bool drop = false;

		if (p > name && is_number(p + 1, n - 1))
			drop = *ret_numbered = true;
		else if (p > name && suffix_kind(p + 1, n - 1) == CLONE_RENAMED)
			drop = true;
		if (unique)
			*ret_numbered = true;
		if (!drop) {
			memcpy(out, p, unique ? unique + dot : n);
			out += unique ? unique + dot : n;
		}
		p += n;
	}
	*out = 0;
	return key;
}

enum clone_kind name_clone(const char *name)
{
	enum clone_kind kind = CLONE_NONE;

	for (const char *p = strchr(name, '.'); p; p = strchr(p + 1, '.')) {
		enum clone_kind k = suffix_kind(p + 1, strcspn(p + 1, "."));

		if (k != CLONE_NONE)
			kind = k;
	}
	return kind;
}

char *name_source(const char *name)
{
	for (const char *p = strchr(name, '.'); p; p = strchr(p + 1, '.'))
		if (p > name && suffix_kind(p + 1, strcspn(p + 1, ".")) != CLONE_NONE)
			return xstrndup(name, (size_t)(p - name));
	return xstrdup(name);
}

size_t name_cold_parent(const char *name)
{
	const char *at = NULL;

	for (const char *p = strstr(name, ".cold"); p; p = strstr(p + 1, ".cold"))
		if (p > name && (!p[5] || (p[5] == '.' && is_number(p + 6, strlen(p + 6)))))
			at = p;
	return at ? (size_t)(at - name) : 0;
}

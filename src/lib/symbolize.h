/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names and source lines for addresses of a process, for display only: nothing is ever decided by
 * them. They come from the files that the process maps, found through its own root folder, and from
 * separate debug files below /usr/lib/debug. A file whose build-id differs from what is in memory
 * (a package was upgraded under the process) is not used.
 */
#ifndef SUTURE_LIB_SYMBOLIZE_H
#define SUTURE_LIB_SYMBOLIZE_H

#include "proc/module.h"

struct symbolizer;

struct symbol_text {
	char *symbol;		/* NULL: not known */
	uint64_t offset;	/* from the symbol's start */
	char *file;		/* source file, NULL: not known */
	int line;
};

/* Keeps what it needs of @ms, which may be freed afterwards. Never fails. */
struct symbolizer *symbolizer_new(const struct proc_modules *ms);
void symbolizer_free(struct symbolizer *s);
/* @pc: the address to look up; for a return address one less. Caller frees with the next. */
void symbolize(struct symbolizer *s, uint64_t pc, struct symbol_text *ret);
void symbol_text_free(struct symbol_text *t);

#endif

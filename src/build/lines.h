/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Line preservation: #line directives that keep __LINE__ of unrelated code what it was. */
#ifndef SUTURE_BUILD_LINES_H
#define SUTURE_BUILD_LINES_H

#include "base/buf.h"

/*
 * Writes @new_text with #line directives into @ret, such that every line which @old_text has too
 * keeps the number that it had there, from the next safe place after each change on. Returns the
 * number of directives; 0: @ret is an exact copy.
 */
size_t lines_preserve(const char *old_text, size_t old_n, const char *new_text, size_t new_n,
		      struct buf *ret);
/*
 * Calls @fn for each line in which the texts differ: @line of the old one is not in the new one, or (@inserts) lines
 * of the new one come before @line. Line numbers are those that the preprocessor gives to the old text, from 1.
 */
void lines_compare(const char *old_text, size_t old_n, const char *new_text, size_t new_n,
		   void (*fn)(void *ctx, unsigned long line, bool inserts), void *ctx);
/* True for names of C and C++ sources and headers. */
bool lines_is_c_name(const char *path);

#endif

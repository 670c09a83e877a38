/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef WORD_LIST_H
#define WORD_LIST_H

extern unsigned int word_limit;

const char *word(unsigned int n);
#ifdef LOUD
unsigned int word_letters(unsigned int n);
#else
/* Another build: what was there before is the same, and this is not. */
unsigned int word_letters(const char *text);
#endif

#endif

// SPDX-License-Identifier: GPL-2.0-or-later
/* A module for the tests that another one needs, neither of them part of the kernel. */
#include <linux/kernel.h>
#include <linux/module.h>
#include "word-list.h"

static const char *const words[] = {"zero", "one", "two", "three", "four"};

unsigned int word_limit = ARRAY_SIZE(words);
EXPORT_SYMBOL(word_limit);

const char *word(unsigned int n)
{
	return n < word_limit ? words[n] : "many";
}
EXPORT_SYMBOL_GPL(word);

#ifdef LOUD
unsigned int word_letters(unsigned int n)
{
	return strlen(word(n));
}
#else
unsigned int word_letters(const char *text)
{
	return strlen(text);
}
#endif
EXPORT_SYMBOL_GPL(word_letters);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("test of patches for out-of-tree modules: what another one needs");

// SPDX-License-Identifier: GPL-2.0-or-later
#include <linux/string.h>
#include "../include/parrot.h"

static struct word words[WORDS];
static unsigned int n_words;

int learn(const char *text, size_t n)
{
	static unsigned int last;
	unsigned int i;

	for (i = 0; i < n_words; i++)
		if (strlen(words[i].text) == n && !memcmp(words[i].text, text, n)) {
			words[i].heard++;
			return 0;
		}
	if (!is_known(n_words))
		n_words = 0;
	last = n_words++;
	if (WARN_ON(n >= sizeof(words[last].text)))
		return -EINVAL;
	memcpy(words[last].text, text, n);
	words[last].text[n] = 0;
	words[last].heard = 1;
	return 0;
}

void speak(struct seq_file *m)
{
	unsigned int i;

	for (i = 0; i < n_words; i++)
		seq_printf(m, "%s%s %u", i ? ", " : "", words[i].text, words[i].heard);
#ifdef LOUD
	seq_puts(m, "!");
#endif
	if (!n_words)
		seq_puts(m, __FILE__ + (sizeof(__FILE__) > 8 ? sizeof(__FILE__) - 8 : 0));
}

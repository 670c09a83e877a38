// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What Debian 13's libelf.a and libdw.a need and have not (elfutils 0.192): their search trees are in an
 * archive that is not installed, so no static program links. cross.sh adds this to libelf.a then. A tree begins
 * with its root; what may follow is a lock, which Debian's build of elfutils does not use.
 */
#define _GNU_SOURCE
#include <search.h>
#include <stddef.h>

struct tree {
	void *root;
};
typedef int compare(const void *, const void *);

void *eu_tsearch(const void *key, struct tree *t, compare *c);
void *eu_tfind(const void *key, struct tree *t, compare *c);
void *eu_tdelete(const void *key, struct tree *t, compare *c);
void eu_tdestroy(struct tree *t, void (*free_node)(void *));
void eu_search_tree_init(struct tree *t);
void eu_search_tree_fini(struct tree *t, void (*free_node)(void *));

void *eu_tsearch(const void *key, struct tree *t, compare *c)
{
	return tsearch(key, &t->root, c);
}

void *eu_tfind(const void *key, struct tree *t, compare *c)
{
	return tfind(key, &t->root, c);
}

void *eu_tdelete(const void *key, struct tree *t, compare *c)
{
	return tdelete(key, &t->root, c);
}

void eu_tdestroy(struct tree *t, void (*free_node)(void *))
{
	tdestroy(t->root, free_node);
	t->root = NULL;
}

void eu_search_tree_init(struct tree *t)
{
	t->root = NULL;
}

void eu_search_tree_fini(struct tree *t, void (*free_node)(void *))
{
	eu_tdestroy(t, free_node);
}

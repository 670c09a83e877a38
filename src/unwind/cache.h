/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decoded rows by pc: the threads of a server wait in few places, so nearly every look-up hits. */
#ifndef SUTURE_UNWIND_CACHE_H
#define SUTURE_UNWIND_CACHE_H

#include "unwind/cfi.h"

/* The row for @pc, or NULL. Lives as long as the cache. */
const struct cfi_row *cfi_cache_get(const struct cfi_cache *c, uint64_t pc);
/* Keeps a copy of @row (rules beyond n_rules are cut off); creates the cache at first use. */
const struct cfi_row *cfi_cache_put(struct cfi_cache **c, const struct cfi_row *row);
void cfi_cache_free(struct cfi_cache *c);

#endif

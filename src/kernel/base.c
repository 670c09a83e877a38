// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where a kernel was linked.
 *
 * Kernels that may run anywhere (CONFIG_RELOCATABLE of arm64 and ppc64le) are linked as if they were shared
 * libraries: kallsyms_relative_base is zero in the file, and an entry of .rela.dyn says what it becomes. In a
 * raw arm64 image that table has no header, but its entry for this very word is known by what it must say:
 * the word lies as far from the image's first byte as it lies there in the file.
 *
 * Where symbols have their distances from the first byte (newer kernels), the relocations tell all the same: with the
 * right address most of them point to symbols.
 *
 * A raw image of arm has the word itself, but not the address of the first byte. Calls tell: with the right
 * one nearly every `bl` leads to the start of a function that kallsyms knows.
 */
#include "kernel/base.h"

#include <stdlib.h>

#define RELA_SIZE 24
#define MAX_HEAD  (4u << 20) /* the first symbol lies no further from the first byte */

static bool rela_of(const uint8_t *p, size_t n, uint64_t addr, uint64_t *ret)
{
	for (size_t at = 0; at + RELA_SIZE <= n; at += RELA_SIZE) {
		uint64_t v[3];

		memcpy(v, p + at, sizeof(v));
		if (v[0] == addr && v[2]) {
			*ret = v[2];
			return true;
		}
	}
	return false;
}

bool base_from_relocs(const struct elf_obj *o, uint64_t addr, uint64_t *ret)
{
	if (o->elf_class != ELFCLASS64)
		return false;
	for (size_t i = 1; i < o->n_secs; i++)
		if (o->secs[i].type == SHT_RELA && o->secs[i].data &&
		    rela_of(o->secs[i].data, o->secs[i].size, addr, ret))
			return true;
	return false;
}

static bool base_of_arm64(const uint8_t *p, size_t n, const struct kallsyms *ks, uint64_t *ret_start,
			  uint64_t *ret_add)
{
	for (size_t at = 0; at + RELA_SIZE <= n; at += 8) {
		uint64_t v[3], start;

		memcpy(v, p + at, sizeof(v));
		start = v[0] - ks->base_at;
		/* An image begins at a page of any size, far up, and with its first symbol. */
		if (v[1] != R_AARCH64_RELATIVE || start % 65536 || start >> 47 != 0x1ffff || v[2] < start ||
		    v[2] - start > MAX_HEAD)
			continue;
		*ret_start = start;
		*ret_add = v[2];
		return true;
	}
	return false;
}

static bool is_symbol(const struct kallsyms *ks, uint64_t addr)
{
	size_t lo = 0, hi = ks->n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (ks->v[mid].addr < addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < ks->n && ks->v[lo].addr == addr;
}

/* The address at which most of the values that the image is given when it is moved are those of symbols. */
static bool base_of_relative(const uint8_t *p, size_t n, const struct kallsyms *ks, uint64_t *ret_start)
{
	enum { VALUES = 4000, STEP = 2 << 20 };
	uint64_t *value = xcalloc(VALUES, sizeof(*value));
	size_t n_values = 0, best = 0;

	for (size_t at = 0; at + RELA_SIZE <= n && n_values < VALUES; at += 8) {
		uint64_t v[3];

		memcpy(v, p + at, sizeof(v));
		if (v[1] == R_AARCH64_RELATIVE && v[0] >> 47 == 0x1ffff && v[2] >> 47 == 0x1ffff)
			value[n_values++] = v[2];
	}
	for (uint64_t back = 0; back <= n && n_values; back += STEP) {
		uint64_t start = (value[0] & ~(uint64_t)(STEP - 1)) - back;
		size_t hits = 0;

		for (size_t i = 0; i < n_values; i++)
			hits += is_symbol(ks, value[i] - start);
		if (hits > best) {
			best = hits;
			*ret_start = start;
		}
	}
	free(value);
	return n_values >= 16 && best > n_values / 4;
}

static bool base_of_arm(const uint8_t *p, size_t n, const struct kallsyms *ks, uint64_t *ret_start,
			uint64_t *ret_add)
{
	enum { CALLS = 4000, STEP = 4096 };
	uint32_t *at = xcalloc(CALLS, sizeof(*at));
	size_t n_calls = 0, best = 0;

	/* Calls from the middle on: the beginning may be read-only data and vectors. */
	for (size_t i = (n / 4) & ~3ULL; i + 4 <= n && n_calls < CALLS; i += 4)
		if (p[i + 3] == 0xeb)
			at[n_calls++] = (uint32_t)i;
	for (uint64_t back = 0; back <= MAX_HEAD && n_calls; back += STEP) {
		uint64_t start = (ks->base & ~(uint64_t)(STEP - 1)) - back;
		size_t hits = 0;

		for (size_t i = 0; i < n_calls; i++) {
			int32_t off = (int32_t)(get32(p + at[i]) << 8) >> 6;

			hits += is_symbol(ks, (uint32_t)(start + at[i] + 8 + (uint32_t)off));
		}
		if (hits > best) {
			best = hits;
			*ret_start = start;
		}
	}
	free(at);
	*ret_add = 0;
	return n_calls >= 16 && best > n_calls / 2;
}

bool base_of_raw(const uint8_t *p, size_t n, uint16_t machine, const struct kallsyms *ks, uint64_t *ret_start,
		 uint64_t *ret_add)
{
	if (machine == EM_AARCH64 && ks->relative) {
		if (!base_of_relative(p, n, ks, ret_start))
			return false;
		*ret_add = *ret_start;
		return true;
	}
	if (machine == EM_AARCH64)
		return base_of_arm64(p, n, ks, ret_start, ret_add);
	return machine == EM_ARM && base_of_arm(p, n, ks, ret_start, ret_add);
}

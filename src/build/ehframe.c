// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Unwind records of the code that goes into the patch.
 *
 * A record of .eh_frame (LSB, "Exception Frames") is a length, an id, and a body. Id 0 is a CIE; else
 * it is an FDE and the id is the distance back to its CIE. An FDE belongs to the code that the
 * relocation of its first field names. What is wanted is copied with its CIE; the pointers to a
 * personality routine and to its tables stay zero, as nobody in the target is told of these records:
 * they are for debuggers, profilers and our own unwinder.
 */
#include "build/linker.h"

#include <stdlib.h>
#include <string.h>

struct cie {
	uint64_t from;	/* offset in the object's .eh_frame */
	uint64_t to;	/* offset in the patch's */
};

/* The relocation of a record's first field, which names the code it is for. */
static const struct elf_rel *rel_at(const struct elf_sec *s, uint64_t off)
{
	for (size_t i = 0; i < s->n_rels; i++)
		if (s->rels[i].offset == off)
			return &s->rels[i];
	return NULL;
}

static uint64_t append(struct patch_sec *ps, const uint8_t *p, uint64_t n)
{
	uint64_t at = ps->size;

	ps->data = xrealloc(ps->data, at + n);
	memcpy(ps->data + at, p, n);
	ps->size = at + n;
	return at;
}

static uint32_t code_sym(struct linker *l, uint32_t psec)
{
	for (uint32_t i = 1; i < l->out->n_syms; i++)
		if (l->out->syms[i].kind == PSYM_DEF && l->out->syms[i].sec == psec &&
		    !l->out->syms[i].value)
			return i;
	return psym_def(l, l->out->secs[psec].name, psec, 0, 0, true);
}

static int copy_records(struct linker *l, struct lunit *u, enum side side, uint32_t eh, uint32_t *psec)
{
	const struct elf_obj *o = side_obj(u, side);
	const struct elf_sec *s = &o->secs[eh];
	struct cie *cies = NULL;
	size_t n_cies = 0, cap = 0;

	for (uint64_t at = 0; s->data && at + 8 <= s->size;) {
		uint32_t len, id, back;
		const struct elf_rel *pc;
		uint64_t cie, to = 0, fde;
		struct patch_sec *ps;
		bool have = false;
		uint32_t code;

		memcpy(&len, s->data + at, 4);
		memcpy(&id, s->data + at + 4, 4);
		if (!len)
			break;
		if (len >= 0xfffffff0 || len > s->size - at - 4) {
			free(cies);
			return sut_fail(l->err, SUT_E_ELF, o->path, "its .eh_frame is damaged");
		}
		pc = id ? rel_at(s, at + 8) : NULL;
		code = pc ? o->syms[pc->sym].shndx : 0;
		if (!code || code >= o->n_secs || !u->sec_of[side][code]) {
			at += 4 + (uint64_t)len;
			continue;
		}
		if (!*psec)
			*psec = psec_new(l, ".eh_frame", PSEC_EHFRAME, 8) + 1;
		cie = at + 4 - id;
		for (size_t i = 0; i < n_cies; i++)
			if (cies[i].from == cie) {
				to = cies[i].to;
				have = true;
			}
		ps = &l->out->secs[*psec - 1];
		if (!have) {
			uint32_t n;

			if (cie + 4 > s->size)
				return sut_fail(l->err, SUT_E_ELF, o->path, "its .eh_frame is damaged");
			memcpy(&n, s->data + cie, 4);
			if (n > s->size - cie - 4)
				return sut_fail(l->err, SUT_E_ELF, o->path, "its .eh_frame is damaged");
			to = append(ps, s->data + cie, 4 + (uint64_t)n);
			*VEC_PUSH(cies, n_cies, cap) = (struct cie){cie, to};
		}
		fde = append(ps, s->data + at, 4 + (uint64_t)len);
		back = (uint32_t)(fde + 4 - to);
		memcpy(ps->data + fde + 4, &back, 4);
		psec_rel(ps, fde + 8, pc->type, code_sym(l, u->sec_of[side][code] - 1),
			 (int64_t)o->syms[pc->sym].value + pc->addend);
		at += 4 + (uint64_t)len;
	}
	free(cies);
	return 0;
}

int link_ehframe(struct linker *l)
{
	uint32_t psec = 0;

	for (size_t i = 0; i < l->n_units; i++)
		for (enum side side = SIDE_NEW; side <= SIDE_OLD; side++) {
			const struct elf_sec *s = elf_obj_sec(side_obj(&l->units[i], side), ".eh_frame");

			if (s && copy_records(l, &l->units[i], side, s->idx, &psec) < 0)
				return -1;
		}
	return 0;
}

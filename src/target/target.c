// SPDX-License-Identifier: GPL-2.0-or-later
#include "target/target.h"

#include <elf.h>
#include <stdlib.h>

#include <capstone/capstone.h>

/* PORT: the new target in this table */
static const struct target *const targets[] = {
	&target_x86_64, &target_aarch64, &target_arm, &target_ppc64le, &target_riscv64,
};

const struct target *target_nth(size_t i)
{
	return i < ARRAY_SIZE(targets) ? targets[i] : NULL;
}

const struct target *target_find(uint16_t machine)
{
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++)
		if (targets[i]->machine == machine)
			return targets[i];
	return NULL;
}

const struct rel_info *target_rel(const struct target *t, uint32_t type)
{
	static const struct rel_info unknown = {.name = "unknown", .kind = REL_UNKNOWN};

	for (size_t i = 0; i < t->n_rels; i++)
		if (t->rels[i].type == type)
			return &t->rels[i];
	return &unknown;
}

static struct elf_obj *prepared(struct elf_obj *o)
{
	const struct target *t = o ? target_find(o->machine) : NULL;

	if (t && t->prepare)
		t->prepare(o);
	return o;
}

struct elf_obj *target_obj_open(const char *path, struct sut_err *err)
{
	return prepared(elf_obj_open(path, err));
}

struct elf_obj *target_obj_open_mem(const char *name, uint8_t *data, size_t size, struct sut_err *err)
{
	return prepared(elf_obj_open_mem(name, data, size, err));
}

struct target_dis *target_dis_open(const struct target *t)
{
	struct target_dis *d = xcalloc(1, sizeof(*d));
	size_t h;

	d->t = t;
	if (!t->open)
		return d;
	if (t->open(&h) < 0) {
		free(d);
		return NULL;
	}
	cs_option(h, CS_OPT_DETAIL, CS_OPT_ON);
	d->handle = h;
	d->insn = cs_malloc(h);
	return d;
}

void target_dis_close(struct target_dis *d)
{
	csh h;

	if (!d)
		return;
	h = d->handle;
	if (d->t->open) {
		cs_free(d->insn, 1);
		cs_close(&h);
	}
	free(d);
}

char *target_dis_text(struct target_dis *d, const uint8_t *p, size_t n, uint64_t addr)
{
	cs_insn *i = d->insn;
	struct insn raw;

	/* As assemblers write what they have no name for. */
	if (!d->t->open)
		return d->t->decode(d, p, n, addr, &raw) < 0 ? xstrdup("(not an instruction)") :
		       raw.len == 2 ? xasprintf(".insn 0x%04x", get16(p)) : xasprintf(".insn 0x%08x", get32(p));
	if (d->t->isa_mask)
		cs_option(d->handle, CS_OPT_MODE, (size_t)d->t->isa_modes[d->isa]);
	if (!cs_disasm_iter(d->handle, &p, &n, &addr, i))
		return xstrdup("(not an instruction)");
	return xasprintf("%s%s%s", i->mnemonic, *i->op_str ? " " : "", i->op_str);
}

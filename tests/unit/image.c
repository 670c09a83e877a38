// SPDX-License-Identifier: GPL-2.0-or-later
/* The image is an ELF file that readers understand; the ledger in it is read back, or refused. */
#include "apply/image.h"
#include "elf/elfobj.h"
#include "sample_patch.h"
#include "tap.h"

#include <stdlib.h>

#define BASE 0x7f0000100000ull

static struct ledger template(const struct patch *p)
{
	struct ledger l = {.n_images = 1, .machine = EM_X86_64};

	l.patch = xstrdup(p->name);
	l.object = xstrdup(p->objects[0].name);
	l.var.state = LEDGER_PREPARED;
	for (size_t i = 0; i < p->objects[0].n_funcs; i++) {
		const struct patch_func *pf = &p->objects[0].funcs[i];
		struct ledger_func *f = VEC_PUSH(l.funcs, l.n_funcs, l.cap_funcs);

		f->name = xstrdup(pf->name);
		f->addr = BASE - 0x100000 + pf->addr;
		f->size = pf->size;
		f->entry = f->addr + pf->entry;
		f->orig_size = pf->size;
		f->jump_len = pf->jump;
		f->orig = xcalloc(1, pf->size);
	}
	return l;
}

static bool read_back(const uint8_t *p, size_t n, uint64_t at)
{
	struct sut_err err = {0};
	struct ledger l;
	bool good = ledger_decode(&l, p, n, at, "test", &err) == 0;

	if (good == (err.n != 0))
		tap_ok(false, "a result and a reason contradict each other");
	ledger_free(&l);
	sut_err_free(&err);
	return good;
}

static void ledger_damage(const struct image *im)
{
	uint64_t off = im->seg[IMAGE_LEDGER].off, at = im->base + off;
	size_t n = im->seg[IMAGE_LEDGER].size, accepted = 0, used;
	uint8_t *c = xmemdup(im->file.p + off, n);
	uint32_t len;

	memcpy(&len, c + LEDGER_VAR_SIZE + 12, 4);
	used = LEDGER_VAR_SIZE + 48 + len;
	tap_ok(read_back(c, n, at), "the ledger is read back");
	tap_ok(!read_back(c, n, at + 0x100000), "not at another address");
	for (size_t i = 0; i < used; i++) {
		uint8_t *cut = xmemdup(c, i);

		accepted += read_back(cut, i, at);
		free(cut);
	}
	tap_ok(!accepted, "no truncated ledger is accepted");
	for (size_t i = LEDGER_VAR_SIZE; i < used; i++) {
		c[i] ^= 0x10;
		accepted += read_back(c, n, at);
		c[i] ^= 0x10;
	}
	tap_ok(!accepted, "no flipped bit in the constant part is accepted");
	c[4] = 99;
	tap_ok(!read_back(c, n, at), "no unknown state");
	free(c);
}

static void far_word(struct image *im, const uint64_t *values)
{
	struct image_env env = {.base = BASE, .values = values, .word_addr = 0x555500001000};
	struct sut_err err = {0};
	const uint8_t *stub;
	uint64_t word;

	tap_ok(image_build(im, &env, &err) == 0, "a word out of reach");
	stub = im->file.p + im->stub_off[0];
	memcpy(&word, stub + 4, 8);
	tap_eq_u64(word, env.word_addr, "is named by its whole address");
	tap_eq_u64(im->ledger.word_addr, env.word_addr, "and recorded");
	sut_err_free(&err);
}

int main(void)
{
	struct patch *p = sample_patch(1);
	struct patch_object *o = &p->objects[0];
	struct ledger l = template(p);
	struct sut_err err = {0};
	struct image im;
	uint64_t *values = xcalloc(o->n_syms, sizeof(*values));
	struct image_env env = {.base = BASE, .values = values};
	struct elf_obj *elf;
	const struct elf_sym *found = NULL;
	int32_t rel;

	for (size_t i = 1; i < o->n_syms; i++)
		values[i] = BASE - 0x100000 + o->syms[i].value;
	tap_ok(image_layout(&im, o, &l, &err) == 0, "layout");
	tap_ok(im.size % 4096 == 0 && im.seg[IMAGE_RW].size == 4096, "pages");
	tap_ok(image_build(&im, &env, &err) == 0, "build");
	elf = elf_obj_open_mem("image", xmemdup(im.file.p, im.file.n), im.file.n, &err);
	if (!tap_ok(elf != NULL, "the image is an ELF file"))
		return tap_done();
	tap_ok(elf->build_id_size == 20, "with a build-id");
	for (size_t i = 1; i < elf->n_syms; i++)
		if (!strcmp(elf->syms[i].name, "alpha"))
			found = &elf->syms[i];
	tap_ok(found && found->value == im.ledger.funcs[0].new_addr, "and symbols at run-time addresses");
	memcpy(&rel, elf_obj_at(elf, im.ledger.funcs[0].new_addr + 8, 4), 4);
	tap_eq_u64(im.ledger.funcs[0].new_addr + 12 + (uint64_t)(int64_t)rel, BASE - 0x100000 + 0x1500,
		   "a call reaches the object");
	tap_ok(im.file.p[im.seg[IMAGE_RX].off + im.seg[IMAGE_RX].size - 1] == 0xcc, "gaps trap");
	ledger_damage(&im);
	far_word(&im, values);
	env.base = BASE + (1ull << 33);
	env.word_addr = 0;
	tap_ok(image_build(&im, &env, &err) < 0 && sut_err_has(&err, SUT_P_REACH), "out of reach");
	elf_obj_free(elf);
	image_free(&im);
	patch_free(p);
	free(values);
	sut_err_free(&err);
	return tap_done();
}

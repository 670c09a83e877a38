// SPDX-License-Identifier: GPL-2.0-or-later
/* The image is an ELF file that readers understand; the ledger in it is read back, or refused. */
#include "apply/image.h"
#include "elf/elfobj.h"
#include "sample_patch.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

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

/* An arm64 function that calls @helper of the object and one that is not there. */
static struct patch *far_patch(void)
{
	static const uint8_t old[16] = {0x1f, 0x20, 0x03, 0xd5}, new[16] = {0, 0, 0, 0x94, 0, 0, 0, 0x94};
	struct patch *p = xcalloc(1, sizeof(*p));
	uint8_t id[20] = {7};
	struct patch_object *o = sample_object(p, "prog", id, sizeof(id));
	struct patch_func *f = sample_func(o, "alpha", 0x1000, old, sizeof(old), new, sizeof(new));
	uint32_t helper = sample_sym(o, "helper", PSYM_OBJECT, 0, 0x1500, 8);

	p->name = xstrdup("far");
	o->machine = EM_AARCH64;
	f->jump = 4;
	sample_rel(o, 0, 0, R_AARCH64_CALL26, helper, 0);
	sample_rel(o, 0, 4, R_AARCH64_JUMP26, helper, 0);
	return p;
}

static uint64_t branch_target(const struct image *im, const uint8_t *p, uint64_t addr)
{
	struct target_dis *dis = target_dis_open(im->t);
	struct insn in;
	bool good = !im->t->decode(dis, p, 4, addr, &in) && in.has_target;

	target_dis_close(dis);
	return good ? in.target : 0;
}

/* Where a far jump at @addr leads, in the image or its island. */
static uint64_t far_target(const struct image *im, const struct ledger *l, uint64_t addr)
{
	bool there = addr >= l->island_lo && addr < l->island_hi;
	const uint8_t *p = im->file.p + (there ? im->size + addr - l->island_lo : addr - im->base);
	uint32_t insn[2];
	uint64_t to;

	memcpy(insn, p, 8);
	memcpy(&to, p + 8, 8);
	return insn[0] == 0x58000050 && insn[1] == 0xd61f0200 ? to : 0;
}

static int cmp_lo(const void *a, const void *b)
{
	const struct proc_map *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static void add_map(struct proc_maps *m, uint64_t lo, uint64_t size, uint64_t offset)
{
	struct proc_map *r = VEC_PUSH(m->v, m->n, m->cap);

	*r = (struct proc_map){.lo = lo, .hi = lo + size, .offset = offset, .inode = 42,
			       .path = xstrdup(LEDGER_MAP_NAME "far (deleted)")};
}

/* What is read of a process that maps the first @n_segs of the image, which lies in our own memory. */
static void look(struct ledgers *ls, const struct image *im, bool island, int n_segs, int without)
{
	struct proc_maps maps = {.pid = getpid()};
	struct proc_mem mem;
	struct sut_err err = {0};
	const struct ledger *l = &im->ledger;

	if (island)
		add_map(&maps, l->island_lo, l->island_hi - l->island_lo, im->size);
	for (int i = 0; i < n_segs; i++)
		if (im->seg[i].size && i != without)
			add_map(&maps, im->base + im->seg[i].off, im->seg[i].size, im->seg[i].off);
	if (without >= 0) {
		add_map(&maps, im->base + im->seg[without].off, 4096, 0);
		maps.v[maps.n - 1].inode = 0;
		maps.v[maps.n - 1].path[0] = '\0';
		qsort(maps.v, maps.n, sizeof(*maps.v), cmp_lo);
	}
	if (!tap_ok(!proc_mem_open(&mem, getpid(), false, &err) && !ledgers_read(ls, &maps, &mem, &err),
		    "a process is read"))
		exit(tap_done());
	proc_mem_close(&mem);
	proc_maps_free(&maps);
	sut_err_free(&err);
}

/* The island is part of the image that claims it, and what a dead tool left where none does. */
static void island_in_process(struct image *im)
{
	const uint64_t lo = im->ledger.island_lo;
	struct ledgers ls;

	look(&ls, im, true, IMAGE_N_SEGS, -1);
	tap_ok(ls.n == 1 && !ls.v[0].damaged && ls.v[0].v[0].island_lo == lo && !ls.n_leftover,
	       "a whole image has its island");
	ledgers_free(&ls);
	look(&ls, im, false, IMAGE_N_SEGS, -1);
	tap_ok(ls.n == 1 && ls.v[0].damaged && !ls.n_leftover, "without it, it is damaged");
	ledgers_free(&ls);
	look(&ls, im, true, 0, -1);
	tap_ok(!ls.n && ls.n_leftover == 1 && ls.leftover[0].addr == lo && ls.leftover[0].size == 4096,
	       "an island alone is a leftover");
	ledgers_free(&ls);
	for (int n = 1; n < IMAGE_LEDGER; n++) {
		look(&ls, im, true, n, -1);
		tap_ok(!ls.n && ls.n_leftover == 2 && ls.leftover[0].addr + ls.leftover[1].addr == lo + im->base,
		       "so are both without the ledger");
		ledgers_free(&ls);
	}
	look(&ls, im, true, IMAGE_N_SEGS, IMAGE_RX);
	tap_ok(ls.n == 1 && ls.v[0].damaged && !ls.n_leftover,
	       "other memory in the midst of an image makes nothing a leftover");
	ledgers_free(&ls);
}

static void far_image(void)
{
	const uint64_t object = 0x400000, island = 0x600000;
	struct patch *p = far_patch();
	struct patch_object *o = &p->objects[0];
	struct ledger l = template(p);
	struct sut_err err = {0};
	struct image im;
	uint64_t *values = xcalloc(o->n_syms, sizeof(*values)), at, to;
	struct image_env env = {.values = values};
	const struct ledger_func *f;
	void *room;

	values[3] = object + 0x1500;
	l.machine = EM_AARCH64;
	l.funcs[0].addr = l.funcs[0].entry = object + 0x1000;
	tap_ok(image_layout(&im, o, &l, &err) == 0 && im.n_hops == 1 && im.island_room,
	       "one call and one jump to the same place need one veneer");
	room = mmap(NULL, im.size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	env.base = (uintptr_t)room;
	tap_ok(image_build(&im, &env, &err) < 0 && sut_err_has(&err, SUT_P_REACH), "no far image alone");
	sut_err_free(&err);
	env.island = island;
	env.island_size = 4096;
	tap_ok(room != MAP_FAILED && image_build(&im, &env, &err) == 0 &&
		       im.file.n == im.size + im.t->page_size,
	       "with an island");
	f = &im.ledger.funcs[0];
	at = branch_target(&im, f->direct, f->entry);
	tap_ok(at >= island && at < island + 4096, "the entry leads to the island");
	tap_eq_u64(far_target(&im, &im.ledger, at), f->new_addr, "and on to the new version");
	at = branch_target(&im, f->via_stub, f->entry);
	tap_ok(at >= island && at < island + 4096, "another way there");
	tap_eq_u64(far_target(&im, &im.ledger, at), f->stub_addr, "leads to the stub");
	at = branch_target(&im, im.file.p + f->new_addr - im.base, f->new_addr);
	to = far_target(&im, &im.ledger, at);
	tap_ok(at > im.base && to >= island && to < island + 4096, "a call goes by a veneer to the island");
	tap_eq_u64(branch_target(&im, im.file.p + im.size + to - island, to), object + 0x1500,
		   "and on to the object");
	tap_eq_u64(branch_target(&im, im.file.p + f->new_addr - im.base + 4, f->new_addr + 4), at,
		   "so does a jump");
	memcpy(room, im.file.p, im.size);
	ledger_damage(&im);
	island_in_process(&im);
	munmap(room, im.size);
	image_free(&im);
	patch_free(p);
	free(values);
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
	far_image();
	elf_obj_free(elf);
	image_free(&im);
	patch_free(p);
	free(values);
	sut_err_free(&err);
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Layout in the target, little-endian like every target we know:
 *
 *	0	struct ledger_var, padded to LEDGER_VAR_SIZE
 *	256	magic (8), version (4), size of the constant part (4), SHA-256 of what follows (32)
 *	304	fields one after the other in the order of walk_const(); strings and blobs have a
 *		32-bit length before them
 *
 * One function walks the fields for both directions, so writer and reader cannot drift apart.
 */
#include "apply/ledger.h"
#include "elf/wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONST_HEAD 48u
#define NO_STRING  UINT32_MAX

const char *ledger_state_name(uint32_t state)
{
	switch ((enum ledger_state)state) {
	case LEDGER_PREPARED:
		return "prepared";
	case LEDGER_SWITCHING:
		return "switching";
	case LEDGER_APPLIED:
		return "applied";
	case LEDGER_REVERTING:
		return "reverting";
	case LEDGER_REVERTED:
		return "reverted";
	}
	return "unknown";
}

struct walk {
	struct buf *out;	/* writing */
	const uint8_t *p;	/* reading */
	size_t n;
	bool bad;
};

static void raw(struct walk *w, void *v, size_t n)
{
	if (w->out) {
		buf_add(w->out, v, n);
		return;
	}
	if (w->bad || n > w->n) {
		w->bad = true;
		memset(v, 0, n);
		return;
	}
	memcpy(v, w->p, n);
	w->p += n;
	w->n -= n;
}

#define FIELD(w, f) raw(w, &(f), sizeof(f))

static void string(struct walk *w, char **s)
{
	uint32_t n = w->out ? *s ? (uint32_t)strlen(*s) : NO_STRING : 0;

	FIELD(w, n);
	if (n == NO_STRING || w->bad)
		return;
	if (w->out) {
		buf_add(w->out, *s, n);
		return;
	}
	if (n > w->n || n > 65536) {
		w->bad = true;
		return;
	}
	*s = xstrndup((const char *)w->p, n);
	w->p += n;
	w->n -= n;
	/* Ledger text is shown on terminals, and this copy passed through another process. */
	for (char *c = *s; *c; c++)
		if ((uint8_t)*c < 0x20 && *c != '\n' && *c != '\t')
			*c = '?';
}

static void walk_func(struct walk *w, struct ledger_func *f)
{
	uint32_t n_parts = (uint32_t)f->n_parts;

	string(w, &f->name);
	string(w, &f->file);
	FIELD(w, f->line);
	FIELD(w, f->addr);
	FIELD(w, f->size);
	FIELD(w, f->entry);
	FIELD(w, f->jump_len);
	raw(w, f->saved, sizeof(f->saved));
	raw(w, f->via_stub, sizeof(f->via_stub));
	raw(w, f->direct, sizeof(f->direct));
	FIELD(w, f->new_addr);
	FIELD(w, f->new_size);
	FIELD(w, f->old_addr);
	FIELD(w, f->old_size);
	FIELD(w, f->stub_addr);
	FIELD(w, f->stub_size);
	FIELD(w, f->enter_addr);
	FIELD(w, n_parts);
	for (uint32_t i = 0; i < n_parts && !w->bad; i++) {
		struct ledger_part *p =
			w->out ? &f->parts[i] : VEC_PUSH(f->parts, f->n_parts, f->cap_parts);

		FIELD(w, p->addr);
		FIELD(w, p->size);
	}
	FIELD(w, f->orig_size);
	if (w->out) {
		buf_add(w->out, f->orig, f->orig_size);
		return;
	}
	if (w->bad || f->orig_size > w->n) {
		w->bad = true;
		return;
	}
	f->orig = xmemdup(w->p, f->orig_size);
	w->p += f->orig_size;
	w->n -= f->orig_size;
}

static void walk_const(struct walk *w, struct ledger *l)
{
	uint32_t n_funcs = (uint32_t)l->n_funcs, n_contracts = (uint32_t)l->n_contracts;

	raw(w, l->group, sizeof(l->group));
	FIELD(w, l->index);
	FIELD(w, l->n_images);
	raw(w, l->digest, sizeof(l->digest));
	FIELD(w, l->machine);
	string(w, &l->patch);
	string(w, &l->version);
	string(w, &l->description);
	string(w, &l->cves);
	string(w, &l->object);
	raw(w, l->build_id, sizeof(l->build_id));
	FIELD(w, l->build_id_size);
	FIELD(w, l->bias);
	FIELD(w, l->image_lo);
	FIELD(w, l->image_hi);
	FIELD(w, l->text_lo);
	FIELD(w, l->text_hi);
	FIELD(w, l->island_lo);
	FIELD(w, l->island_hi);
	FIELD(w, l->word_addr);
	FIELD(w, n_funcs);
	for (uint32_t i = 0; i < n_funcs && !w->bad; i++)
		walk_func(w, w->out ? &l->funcs[i] : VEC_PUSH(l->funcs, l->n_funcs, l->cap_funcs));
	FIELD(w, n_contracts);
	for (uint32_t i = 0; i < n_contracts && !w->bad; i++) {
		struct ledger_part *c =
			w->out ? &l->contracts[i]
			       : VEC_PUSH(l->contracts, l->n_contracts, l->cap_contracts);

		FIELD(w, c->addr);
		FIELD(w, c->size);
	}
}

void ledger_encode(const struct ledger *l, struct buf *out)
{
	struct ledger copy = *l; /* the walk takes a writable struct; it writes nothing here */
	struct walk w = {.out = out};
	uint32_t version = LEDGER_VERSION, size;
	uint8_t sum[SHA256_SIZE];
	size_t start = out->n, body;

	_Static_assert(sizeof(struct ledger_var) <= LEDGER_VAR_SIZE, "variable part");
	buf_add(out, &l->var, sizeof(l->var));
	buf_add(out, NULL, LEDGER_VAR_SIZE - sizeof(l->var));
	buf_add(out, NULL, CONST_HEAD);
	body = out->n;
	walk_const(&w, &copy);
	size = (uint32_t)(out->n - body);
	sha256(out->p + body, size, sum);
	memcpy(out->p + start + LEDGER_VAR_SIZE, LEDGER_MAGIC, 8);
	memcpy(out->p + start + LEDGER_VAR_SIZE + 8, &version, 4);
	memcpy(out->p + start + LEDGER_VAR_SIZE + 12, &size, 4);
	memcpy(out->p + start + LEDGER_VAR_SIZE + 16, sum, sizeof(sum));
}

static bool inside(uint64_t addr, uint64_t size, uint64_t lo, uint64_t hi)
{
	return addr >= lo && addr <= hi && size <= hi - addr;
}

/* A checksum does not make a record true. What would be written somewhere is checked as well. */
static bool plausible(const struct ledger *l)
{
	if (!l->n_images || l->index >= l->n_images || l->n_images > 256 || !l->patch ||
	    !patch_name_ok(l->patch) || !l->object || l->build_id_size > sizeof(l->build_id) ||
	    l->image_lo >= l->image_hi || l->text_lo > l->text_hi || l->island_lo > l->island_hi ||
	    !inside(l->text_lo, l->text_hi - l->text_lo, l->image_lo, l->image_hi) ||
	    !inside(l->addr, LEDGER_VAR_SIZE, l->image_lo, l->image_hi) || l->word_addr % 4)
		return false;
	if (!l->index && l->word_addr != l->addr + offsetof(struct ledger_var, word))
		return false;
	for (size_t i = 0; i < l->n_funcs; i++) {
		const struct ledger_func *f = &l->funcs[i];

		if (!f->name || !f->jump_len || f->jump_len > TARGET_MAX_JUMP ||
		    f->addr + f->size < f->addr || f->entry < f->addr || f->entry - f->addr > 4096 ||
		    !inside(f->entry, f->jump_len, f->addr, f->addr + f->orig_size) ||
		    !inside(f->new_addr, f->new_size, l->text_lo, l->text_hi) ||
		    !inside(f->old_addr, f->old_size, l->text_lo, l->text_hi) ||
		    !inside(f->stub_addr, f->stub_size, l->text_lo, l->text_hi) ||
		    !inside(f->enter_addr, 1, l->text_lo, l->text_hi))
			return false;
	}
	return true;
}

int ledger_decode(struct ledger *l, const uint8_t *p, size_t n, uint64_t addr, const char *subject,
		  struct sut_err *err)
{
	struct walk w = {0};
	uint8_t sum[SHA256_SIZE];
	uint32_t version, size;

	memset(l, 0, sizeof(*l));
	l->addr = addr;
	if (n < LEDGER_VAR_SIZE + CONST_HEAD)
		return sut_fail(err, SUT_P_LEDGER, subject, "it is too small to be a ledger");
	memcpy(&l->var, p, sizeof(l->var));
	l->var.user[sizeof(l->var.user) - 1] = '\0';
	p += LEDGER_VAR_SIZE;
	n -= LEDGER_VAR_SIZE;
	memcpy(&version, p + 8, 4);
	memcpy(&size, p + 12, 4);
	if (memcmp(p, LEDGER_MAGIC, 8))
		return sut_fail(err, SUT_P_LEDGER, subject, "it does not begin as a ledger does");
	if (version != LEDGER_VERSION)
		return sut_fail(err, SUT_P_LEDGER, subject, "it has version %u, this program knows %d",
				version, LEDGER_VERSION);
	if (size > n - CONST_HEAD)
		return sut_fail(err, SUT_P_LEDGER, subject, "it is longer than its mapping");
	sha256(p + CONST_HEAD, size, sum);
	if (memcmp(sum, p + 16, sizeof(sum)))
		return sut_fail(err, SUT_P_LEDGER, subject, "its checksum does not fit");
	w.p = p + CONST_HEAD;
	w.n = size;
	walk_const(&w, l);
	if (w.bad || w.n || !plausible(l) || l->var.state < LEDGER_PREPARED ||
	    l->var.state > LEDGER_REVERTED || l->var.word > 1)
		return sut_fail(err, SUT_P_LEDGER, subject, "its fields contradict each other");
	return 0;
}

void ledger_free(struct ledger *l)
{
	for (size_t i = 0; i < l->n_funcs; i++) {
		free(l->funcs[i].name);
		free(l->funcs[i].file);
		free(l->funcs[i].parts);
		free(l->funcs[i].orig);
	}
	free(l->funcs);
	free(l->contracts);
	free(l->patch);
	free(l->version);
	free(l->description);
	free(l->cves);
	free(l->object);
	memset(l, 0, sizeof(*l));
}

bool ledger_group_live(const struct ledger_group *g)
{
	uint32_t s = g->damaged || !g->n ? 0 : g->v[0].var.state;

	return s == LEDGER_SWITCHING || s == LEDGER_APPLIED || s == LEDGER_REVERTING;
}

static char *map_patch_name(const struct proc_map *m)
{
	char *s = xstrdup(m->path + strlen(LEDGER_MAP_NAME)), *end = strstr(s, " (deleted)");

	if (end)
		*end = '\0';
	return s;
}

static void mark_damaged(struct ledger_group *g, const char *why)
{
	if (!g->damaged)
		snprintf(g->why, sizeof(g->why), "%s", why);
	g->damaged = true;
}

static void add_damaged(struct ledgers *ls, const struct proc_map *image, const char *why)
{
	struct ledger_group *g = VEC_PUSH(ls->v, ls->n, ls->cap);

	g->name = map_patch_name(image);
	mark_damaged(g, why);
}

static void add_ledger(struct ledgers *ls, struct ledger *l)
{
	struct ledger_group *g = NULL;

	for (size_t i = 0; i < ls->n && !g; i++)
		if (ls->v[i].n && !memcmp(ls->v[i].v[0].group, l->group, sizeof(l->group)))
			g = &ls->v[i];
	if (!g) {
		g = VEC_PUSH(ls->v, ls->n, ls->cap);
		g->name = xstrdup(l->patch);
	}
	*VEC_PUSH(g->v, g->n, g->cap) = *l;
}

static int cmp_index(const void *a, const void *b)
{
	const struct ledger *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

static int cmp_seq(const void *a, const void *b)
{
	const struct ledger_group *x = a, *y = b;
	uint64_t s = x->n ? x->v[0].var.seq : 0, t = y->n ? y->v[0].var.seq : 0;

	return s < t ? -1 : s > t;
}

static bool same_file(const struct proc_map *a, const struct proc_map *b)
{
	return a->inode == b->inode && a->dev == b->dev;
}

/* Mappings of one file, as far apart in memory as in the file. An image and its island are not. */
static bool same_piece(const struct proc_map *a, const struct proc_map *b)
{
	return same_file(a, b) && a->lo - a->offset == b->lo - b->offset &&
	       str_starts(a->path, LEDGER_MAP_NAME);
}

static size_t piece_end(const struct proc_maps *maps, size_t i)
{
	size_t k = i + 1;

	while (k < maps->n && same_piece(&maps->v[k], &maps->v[i]))
		k++;
	return k;
}

static void add_leftover(struct ledgers *ls, uint64_t lo, uint64_t hi)
{
	if (hi > lo)
		*VEC_PUSH(ls->leftover, ls->n_leftover, ls->cap_leftover) =
			(struct ledger_part){lo, hi - lo};
}

static void free_group(struct ledger_group *g)
{
	for (size_t k = 0; k < g->n; k++)
		ledger_free(&g->v[k]);
	free(g->v);
	free(g->name);
}

/*
 * A tool that died between two images of a patch leaves the first, which has the state, PREPARED:
 * nothing was ever redirected there, and nothing of it can be in use.
 */
static bool never_completed(const struct ledger_group *g)
{
	return g->n && !g->v[0].index && g->n < g->v[0].n_images &&
	       g->v[0].var.state == LEDGER_PREPARED && !g->v[0].var.word;
}

static void drop_incomplete(struct ledgers *ls)
{
	size_t kept = 0;

	for (size_t i = 0; i < ls->n; i++) {
		struct ledger_group *g = &ls->v[i];

		if (!never_completed(g)) {
			ls->v[kept++] = *g;
			continue;
		}
		for (size_t k = 0; k < g->n; k++) {
			add_leftover(ls, g->v[k].image_lo, g->v[k].image_hi);
			add_leftover(ls, g->v[k].island_lo, g->v[k].island_hi);
		}
		free_group(g);
	}
	ls->n = kept;
}

/* Is the start of the file of @m mapped, where an image begins? */
static bool has_header(const struct proc_maps *maps, const struct proc_map *m)
{
	for (size_t i = 0; i < maps->n; i++)
		if (!maps->v[i].offset && same_file(&maps->v[i], m))
			return true;
	return false;
}

/* An image without a ledger was never completed, and neither was its island. */
static void add_islands(struct ledgers *ls, const struct proc_maps *maps, const struct proc_map *image)
{
	for (size_t i = 0; i < maps->n; i++)
		if (same_file(&maps->v[i], image) && !same_piece(&maps->v[i], image))
			add_leftover(ls, maps->v[i].lo, maps->v[i].hi);
}

/* Nobody else's memory is where the ledger says that the image at @first has its island. */
static bool has_island(const struct proc_maps *maps, const struct proc_map *first, const struct ledger *l)
{
	const struct proc_map *m = proc_maps_find(maps, l->island_lo);

	return l->island_lo == l->island_hi ||
	       (m && same_file(m, first) && m->lo == l->island_lo && m->hi == l->island_hi);
}

int ledgers_read(struct ledgers *ls, const struct proc_maps *maps, const struct proc_mem *mem,
		 struct sut_err *err)
{
	memset(ls, 0, sizeof(*ls));
	for (size_t i = 0, end; i < maps->n; i = end) {
		const struct proc_map *first = &maps->v[i], *last;
		struct sut_err why = {0};
		struct ledger l = {0};
		uint8_t head[sizeof(Elf64_Ehdr)];
		uint64_t at, image_hi;
		Elf64_Ehdr eh;
		uint8_t *p;
		size_t n;

		end = i + 1;
		if (!str_starts(first->path, LEDGER_MAP_NAME))
			continue;
		end = piece_end(maps, i);
		last = &maps->v[end - 1];
		image_hi = last->hi;
		if (first->offset && has_header(maps, first))
			continue; /* the island of the image there, which knows it */
		/* The first image page says where the ledger begins: e_entry is not used otherwise. */
		at = 0;
		if (!first->offset && !proc_mem_try_read(mem, first->lo, head, sizeof(head))) {
			wire_get_ehdr(head, &eh);
			at = eh.e_entry;
		}
		if (at < first->lo || at >= image_hi) {
			const struct proc_map *there = proc_maps_find(maps, at);

			if (there && same_piece(there, first)) {
				add_damaged(ls, first, "other memory lies in the midst of it");
				continue;
			}
			add_leftover(ls, first->lo, image_hi);
			if (!first->offset)
				add_islands(ls, maps, first);
			continue;
		}
		n = MIN(image_hi - at, LEDGER_MAX);
		p = xmalloc(n);
		n = proc_mem_read_some(mem, at, p, n);
		if (ledger_decode(&l, p, n, at, first->path, &why) == 0 && l.image_lo == first->lo &&
		    l.image_hi == image_hi && has_island(maps, first, &l)) {
			add_ledger(ls, &l);
		} else {
			ledger_free(&l);
			add_damaged(ls, first,
				    why.n ? why.v[0].cause : "it lies at other addresses than it says");
		}
		sut_err_free(&why);
		free(p);
	}
	for (size_t i = 0; i < ls->n; i++)
		if (ls->v[i].n)
			qsort(ls->v[i].v, ls->v[i].n, sizeof(*ls->v[i].v), cmp_index);
	drop_incomplete(ls);
	for (size_t i = 0; i < ls->n; i++) {
		struct ledger_group *g = &ls->v[i];

		if (g->damaged)
			continue;
		for (size_t k = 0; k < g->n; k++)
			if (g->v[k].index != k || g->v[k].n_images != g->n ||
			    g->v[k].word_addr != g->v[0].word_addr)
				mark_damaged(g, "not all of its images are mapped");
		ls->max_seq = MAX(ls->max_seq, g->v[0].var.seq);
	}
	if (ls->n)
		qsort(ls->v, ls->n, sizeof(*ls->v), cmp_seq);
	return 0;
}

void ledgers_free(struct ledgers *ls)
{
	for (size_t i = 0; i < ls->n; i++)
		free_group(&ls->v[i]);
	free(ls->v);
	free(ls->leftover);
	memset(ls, 0, sizeof(*ls));
}

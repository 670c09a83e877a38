// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A kernel's image as an ELF file with symbols, so that everything that works on linked programs works on it.
 *
 * An ELF payload (x86, ppc64le) keeps its segments and sections, and gets a symbol table made of kallsyms.
 * Raw ones (arm64, arm) become one segment; the address of its first byte follows from kallsyms.
 */
#include "kernel/image.h"
#include "base/buf.h"
#include "elf/wire.h"
#include "kernel/base.h"
#include "kernel/kallsyms.h"
#include "kernel/kelf.h"
#include "kernel/unpack.h"
#include "target/target.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static bool find_in_segments(const struct elf_obj *o, struct kallsyms *ret, uint64_t *ret_base_addr)
{
	size_t word = wire_word(o->elf_class);

	for (size_t i = 0; i < o->n_segs; i++) {
		const struct elf_seg *s = &o->segs[i];

		if (s->type != PT_LOAD || s->offset > o->file_size || s->filesz > o->file_size - s->offset)
			continue;
		if (kallsyms_find(o->file + s->offset, s->filesz, word, ret)) {
			*ret_base_addr = s->vaddr + ret->base_at;
			return true;
		}
	}
	return false;
}

static int cmp_name(const void *a, const void *b, void *syms)
{
	const struct ksym *v = syms;
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	int r = strcmp(v[x].name, v[y].name);

	return r ? r : x < y ? -1 : x > y;
}

/* Takes over the texts of @ks. @add is what is missing in its addresses. */
static void take_symbols(struct kimage *k, struct kallsyms *ks, uint64_t add)
{
	k->names = ks->names;
	ks->names = NULL;
	k->n_syms = k->cap_syms = ks->n;
	k->syms = xcalloc(ks->n + 1, sizeof(*k->syms));
	for (size_t i = 0; i < ks->n; i++)
		k->syms[i] = (struct ksym){ks->v[i].name, ks->v[i].addr + add, 0, ks->v[i].type};
	for (size_t i = ks->n, next = ks->n; i-- > 0;) {
		if (i + 1 < ks->n && k->syms[i + 1].addr != k->syms[i].addr)
			next = i + 1;
		k->syms[i].size = next < ks->n ? k->syms[next].addr - k->syms[i].addr : 0;
	}
	kimage_index(k);
}

void kimage_index(struct kimage *k)
{
	const struct ksym *text;

	free(k->by_name);
	k->by_name = xcalloc(k->n_syms + 1, sizeof(*k->by_name));
	for (size_t i = 0; i < k->n_syms; i++)
		k->by_name[i] = (uint32_t)i;
	qsort_r(k->by_name, k->n_syms, sizeof(*k->by_name), cmp_name, k->syms);
	text = kimage_find(k, "_text", NULL);
	if (!text)
		text = kimage_find(k, "_stext", NULL);
	k->text = text ? text->addr : 0;
}

/*
 * Linked once more with the number of its build, a kernel has two: the first is used by nobody, and has "# SMP"
 * where the other has "#1 SMP".
 */
static void find_banner(struct kimage *k, const uint8_t *p, size_t n)
{
	static const char start[] = "Linux version ";
	const uint8_t *end = p + n, *at = p;

	while ((at = memmem(at, (size_t)(end - at), start, strlen(start)))) {
		const uint8_t *rest = at + strlen(start), *stop;
		bool numbered;

		/* Others are formats with a %. */
		stop = memchr(rest, '\n', MIN((size_t)(end - rest), (size_t)500));
		if (stop && *rest >= '0' && *rest <= '9') {
			numbered = !memmem(at, (size_t)(stop - at), ") # ", 4);
			if (!k->banner || numbered) {
				free(k->banner);
				k->banner = xstrndup((const char *)at, (size_t)(stop - at));
			}
			if (numbered)
				return;
		}
		at = rest;
	}
}

/* A kernel has the files of its vDSO in it, with notes of their own, near their beginning. */
static bool is_vdso(const uint8_t *p, size_t at)
{
	size_t page = at & ~(size_t)4095;

	return !memcmp(p + page, ELFMAG, SELFMAG) ||
	       (page >= 4096 && !memcmp(p + page - 4096, ELFMAG, SELFMAG));
}

static void find_build_id(struct kimage *k, const uint8_t *p, size_t n)
{
	static const uint8_t head[] = {4, 0, 0, 0, 20, 0, 0, 0, NT_GNU_BUILD_ID, 0, 0, 0, 'G', 'N', 'U', 0};
	const uint8_t *at = p, *end = p + n;

	while ((at = memmem(at, (size_t)(end - at), head, sizeof(head)))) {
		at += sizeof(head);
		if (end - at < 20)
			return;
		if (is_vdso(p, (size_t)(at - p)))
			continue;
		k->build_id = xmemdup(at, 20);
		k->build_id_size = 20;
		return;
	}
}

static int from_elf(struct kimage *k, const char *path, struct unpacked *u, struct sut_err *err)
{
	struct buf out = {0};
	struct elf_obj *o;
	struct kallsyms ks;
	uint64_t base_addr, add = 0;
	Elf64_Ehdr eh;

	buf_add(&out, u->data.p, u->data.n);
	o = elf_obj_open_mem(path, u->data.p, u->data.n, err);
	u->data = (struct buf){0};
	if (!o)
		goto fail;
	if (!target_find(o->machine)) {
		sut_fail(err, SUT_E_ARCH, path, "its ELF machine is %u", o->machine);
		goto fail;
	}
	if (!find_in_segments(o, &ks, &base_addr)) {
		sut_fail(err, SUT_K_IMAGE, path, "it has no table of symbols that can be read");
		goto fail;
	}
	if (ks.relative) {
		add = base_addr;
	} else if (!ks.base && !base_from_relocs(o, base_addr, &add)) {
		sut_fail(err, SUT_K_IMAGE, path, "nothing says where its symbols begin");
		kallsyms_free(&ks);
		goto fail;
	}
	k->machine = o->machine;
	find_banner(k, o->file, o->file_size);
	if (o->build_id) {
		k->build_id = xmemdup(o->build_id, o->build_id_size);
		k->build_id_size = o->build_id_size;
	}
	take_symbols(k, &ks, add);
	kallsyms_free(&ks);
	wire_get_ehdr(out.p, &eh);
	kelf_finish(k, &out, o, o->elf_class, &eh);
	elf_obj_free(o);
	return 0;
fail:
	elf_obj_free(o);
	buf_free(&out);
	return -1;
}

static int from_raw(struct kimage *k, const char *path, const struct unpacked *u, struct sut_err *err)
{
	const struct target *t = target_find(u->machine);
	struct buf out = {0};
	size_t head = 4096, word = wire_word(t->elf_class);
	uint64_t start, add;
	struct kallsyms ks;
	uint8_t raw[64];
	Elf64_Phdr ph;
	Elf64_Ehdr eh = {.e_type = ET_EXEC, .e_machine = u->machine, .e_version = EV_CURRENT,
			 .e_flags = t->e_flags};

	if (!kallsyms_find(u->data.p, u->data.n, word, &ks))
		return sut_fail(err, SUT_K_IMAGE, path, "it has no table of symbols that can be read");
	if (!base_of_raw(u->data.p, u->data.n, u->machine, &ks, &start, &add)) {
		kallsyms_free(&ks);
		return sut_fail(err, SUT_K_IMAGE, path, "nothing says at which address it begins");
	}
	k->machine = u->machine;
	find_banner(k, u->data.p, u->data.n);
	find_build_id(k, u->data.p, u->data.n);
	take_symbols(k, &ks, add);
	kallsyms_free(&ks);
	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = t->elf_class;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	eh.e_ident[EI_VERSION] = EV_CURRENT;
	eh.e_ehsize = (uint16_t)wire_size(WIRE_EHDR, t->elf_class);
	eh.e_phoff = eh.e_ehsize;
	eh.e_phentsize = (uint16_t)wire_size(WIRE_PHDR, t->elf_class);
	eh.e_phnum = 1;
	/* Which pages are code the raw image does not say. */
	ph = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = PF_R | PF_W | PF_X, .p_offset = head,
			  .p_vaddr = start, .p_paddr = start, .p_filesz = u->data.n,
			  .p_memsz = u->data.n, .p_align = head};
	buf_add(&out, NULL, head);
	wire_put_phdr(raw, t->elf_class, &ph);
	memcpy(out.p + eh.e_phoff, raw, eh.e_phentsize);
	buf_add(&out, u->data.p, u->data.n);
	kelf_finish(k, &out, NULL, t->elf_class, &eh);
	return 0;
}

struct kimage *kimage_open(const char *path, struct sut_err *err)
{
	struct kimage *k = xcalloc(1, sizeof(*k));
	struct unpacked u = {0};
	uint8_t *p;
	size_t n;
	int r;

	k->path = xstrdup(path);
	if (read_file(path, &p, &n) < 0) {
		sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
		kimage_free(k);
		return NULL;
	}
	r = kernel_unpack(path, p, n, &u, err);
	free(p);
	if (!r)
		r = u.is_elf ? from_elf(k, path, &u, err) : from_raw(k, path, &u, err);
	buf_free(&u.data);
	if (!r)
		return k;
	kimage_free(k);
	return NULL;
}

void kimage_free(struct kimage *k)
{
	if (!k)
		return;
	free(k->path);
	free(k->syms);
	free(k->by_name);
	free(k->banner);
	free(k->build_id);
	free(k->elf);
	for (size_t i = 0; i < k->n_secs; i++)
		free(k->secs[i].name);
	free(k->secs);
	free(k->srcversion);
	strvec_free(&k->depends);
	for (size_t i = 0; i < k->n_imports; i++)
		free(k->imports[i].name);
	free(k->imports);
	free(k->names);
	free(k);
}

/* First of by_name that is not before @name. */
static size_t lower(const struct kimage *k, const char *name)
{
	size_t lo = 0, hi = k->n_syms;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (strcmp(k->syms[k->by_name[mid]].name, name) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct ksym *kimage_nth(const struct kimage *k, const char *name, size_t i)
{
	size_t at = lower(k, name) + i;

	if (at >= k->n_syms || strcmp(k->syms[k->by_name[at]].name, name) != 0)
		return NULL;
	return &k->syms[k->by_name[at]];
}

const struct ksym *kimage_find(const struct kimage *k, const char *name, size_t *ret_n)
{
	size_t n = 0;

	while (ret_n && kimage_nth(k, name, n))
		n++;
	if (ret_n)
		*ret_n = n;
	return kimage_nth(k, name, 0);
}

const struct ksym *kimage_global(const struct kimage *k, const char *name)
{
	const struct ksym *hit = NULL;
	size_t n;

	kimage_find(k, name, &n);
	for (size_t i = 0; i < n; i++) {
		const struct ksym *s = kimage_nth(k, name, i);

		/* A module's imports are in the list, too, as 'U'. */
		if (s->type == 'U' || (!isupper((unsigned char)s->type) && !strchr("wv", s->type)))
			continue;
		if (hit && hit->addr != s->addr)
			return NULL;
		hit = s;
	}
	return hit;
}

/* A module's symbols are in no order. */
static const struct ksym *module_at(const struct kimage *k, uint64_t addr)
{
	const struct ksym *hit = NULL;

	for (size_t i = 0; i < k->n_syms; i++)
		if (k->syms[i].addr <= addr && (!hit || k->syms[i].addr >= hit->addr))
			hit = &k->syms[i];
	return hit;
}

const struct ksym *kimage_at(const struct kimage *k, uint64_t addr)
{
	size_t lo = 0, hi = k->n_syms;

	if (k->n_secs)
		return module_at(k, addr);
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (k->syms[mid].addr <= addr)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo ? &k->syms[lo - 1] : NULL;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Two steps: layout gives every section its offset and the size of the whole, so that a free range
 * can be looked for; build then relocates for the address found.
 *
 * Section headers, symbols and strings lie *inside* the first segment: whoever reads the image
 * from memory finds them, although no loader needs them.
 */
#include "apply/detour.h"
#include "apply/island.h"
#include "elf/wire.h"
#include "unwind/cfi.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#define STUB_ROOM ALIGN_UP((uint64_t)TARGET_MAX_JUMP, 16)
/* Behind the switch stub: what leads into the new version, into the old copy, and to what is below where
 * that is another patch's image out of reach. */
enum { WAY_NEW = 1, WAY_OLD, WAY_BELOW, N_STUBS };
#define NOTE_SIZE (12 + 4 + 20)

enum { SH_NULL, SH_NOTE, SH_RODATA, SH_EH, SH_EH_HDR, SH_TEXT, SH_DATA, SH_SYMTAB, SH_STRTAB,
       SH_SHSTRTAB, SH_COUNT };
static const char shstr[] = "\0.note.gnu.build-id\0.rodata\0.eh_frame\0.eh_frame_hdr\0.text\0.data\0"
			    ".symtab\0.strtab\0.shstrtab";

/*
 * Length of @s without a terminator record, and its FDEs counted into @n_fdes. -1 where the records
 * do not fill it. A terminator in the middle would hide all that follows it.
 */
static int64_t eh_records(const struct patch_sec *s, size_t *n_fdes)
{
	uint64_t at = 0;

	while (s->size - at >= 4) {
		uint32_t len = get32(s->data + at);

		if (!len)
			return at + 4 == s->size ? (int64_t)at : -1;
		if (len < 4 || len % 4 || len > s->size - at - 4)
			return -1;
		*n_fdes += get32(s->data + at + 4) != 0;
		at += 4 + (uint64_t)len;
	}
	return at == s->size ? (int64_t)at : -1;
}

static bool named(const struct patch_sym *y)
{
	return y->kind == PSYM_DEF;
}

static uint64_t place(uint64_t *at, uint64_t align, uint64_t size)
{
	uint64_t ret = *at = ALIGN_UP(*at, align);

	*at += size;
	return ret;
}

static void place_kind(struct image *im, uint64_t *at, enum patch_sec_kind kind)
{
	for (size_t i = 0; i < im->o->n_secs; i++)
		if (im->o->secs[i].kind == kind) {
			im->sec_off[i] = place(at, im->o->secs[i].align, im->o->secs[i].size);
			detour_layout(im, i, at);
		}
}

static void close_seg(struct image *im, int seg, uint64_t start, uint64_t *at, unsigned int perms)
{
	*at = ALIGN_UP(*at, im->t->page_size);
	im->seg[seg] = (struct image_seg){start, *at - start, perms};
}

int image_layout(struct image *im, const struct patch_object *o, struct ledger *ledger,
		 struct sut_err *err)
{
	struct buf probe = {0};
	uint64_t at, start, strings = 1;

	memset(im, 0, sizeof(*im));
	im->o = o;
	im->t = target_find(o->machine);
	im->ledger = *ledger;
	memset(ledger, 0, sizeof(*ledger));
	if (!im->t || im->ledger.n_funcs != o->n_funcs)
		return sut_fail(err, SUT_P_IMAGE, o->name, "no image can be made for this architecture");
	im->sec_off = xcalloc(o->n_secs, sizeof(*im->sec_off));
	im->stub_off = xcalloc(o->n_funcs, sizeof(*im->stub_off));
	im->detours = xcalloc(o->n_secs, sizeof(*im->detours));
	at = wire_size(WIRE_EHDR, im->t->elf_class) + 7 * wire_size(WIRE_PHDR, im->t->elf_class);
	im->note_off = place(&at, 4, NOTE_SIZE);
	place_kind(im, &at, PSEC_RODATA);
	im->eh_off = place(&at, 8, 0);
	for (size_t i = 0; i < o->n_secs; i++) {
		int64_t n;

		if (o->secs[i].kind != PSEC_EHFRAME)
			continue;
		n = eh_records(&o->secs[i], &im->n_fdes);
		if (n < 0)
			return sut_fail(err, SUT_P_IMAGE, o->secs[i].name, "its unwind records are damaged");
		/* No alignment between them: a gap would read as a terminator. */
		im->sec_off[i] = at;
		at += (uint64_t)n;
	}
	at += 4; /* the terminator */
	im->eh_size = at - im->eh_off;
	im->eh_hdr_off = place(&at, 4, 12 + 8 * im->n_fdes);
	im->n_syms = 1 + (uint32_t)o->n_funcs;
	for (size_t i = 1; i < o->n_syms; i++) {
		im->n_syms += named(&o->syms[i]);
		strings += named(&o->syms[i]) ? strlen(o->syms[i].name) + 1 : 0;
	}
	for (size_t i = 0; i < o->n_funcs; i++)
		strings += strlen(o->funcs[i].name) + sizeof(".switch");
	im->sym_off = place(&at, 8, im->n_syms * wire_size(WIRE_SYM, im->t->elf_class) + strings);
	im->shdr_off = place(&at, 8, SH_COUNT * wire_size(WIRE_SHDR, im->t->elf_class) + sizeof(shstr));
	close_seg(im, IMAGE_R, 0, &at, PROC_R);
	start = at;
	im->stub_room = STUB_ROOM * (im->t->encode_far ? N_STUBS : 1);
	for (size_t i = 0; i < o->n_funcs; i++)
		im->stub_off[i] = place(&at, 16, im->stub_room);
	place_kind(im, &at, PSEC_TEXT);
	island_layout(im, &at);
	close_seg(im, IMAGE_RX, start, &at, PROC_R | PROC_X);
	start = at;
	place_kind(im, &at, PSEC_DATA);
	place_kind(im, &at, PSEC_BSS);
	close_seg(im, IMAGE_RW, start, &at, PROC_R | PROC_W);
	start = at;
	ledger_encode(&im->ledger, &probe);
	at += probe.n;
	buf_free(&probe);
	close_seg(im, IMAGE_LEDGER, start, &at, PROC_R);
	im->size = at;
	return 0;
}

static uint64_t sym_value(const struct image *im, const struct image_env *env, uint32_t sym)
{
	const struct patch_sym *y = &im->o->syms[sym];

	return y->kind == PSYM_DEF ? env->base + im->sec_off[y->sec] + (y->value | y->isa) : env->values[sym];
}

/* Where code that shares the object's global pointer enters a function of the patch. */
static uint64_t entry_of(const struct image *im, const struct image_env *env, uint32_t sym)
{
	const struct patch_sym *y = &im->o->syms[sym];
	uint64_t v = sym_value(im, env, sym);

	return y->kind == PSYM_DEF && im->t->local_entry ? v + im->t->local_entry(y->other) : v;
}

static int relocate(struct image *im, const struct image_env *env, struct sut_err *err)
{
	uint64_t gp = im->o->gp ? im->o->gp + im->ledger.bias : 0;

	for (size_t i = 0; i < im->o->n_secs; i++) {
		const struct patch_sec *s = &im->o->secs[i];

		im->detours[i].used = 0;
		for (size_t k = 0; k < s->n_rels; k++) {
			const struct patch_rel *r = &s->rels[k];
			uint64_t off = im->sec_off[i] + r->offset;
			bool branch = target_rel(im->t, r->type)->kind == REL_PLT;
			uint64_t v = (branch ? entry_of(im, env, r->sym) : sym_value(im, env, r->sym)) +
				     (uint64_t)r->addend;
			uint64_t veneer, bias;

			if (!im->t->apply_rel(r->type, im->file.p + off, env->base + off, v, gp) ||
			    !detour_make(im, env->base, i, r, v, gp))
				continue;
			veneer = branch ? island_veneer(im, r) : 0;
			bias = (uint64_t)(r->addend - im->t->rel_offset(r->type, r->addend, 0));
			if (!veneer || im->t->apply_rel(r->type, im->file.p + off, env->base + off,
							veneer + bias, gp) < 0)
				return sut_fail(err, SUT_P_REACH, im->o->syms[r->sym].name,
						"%s in '%s' cannot reach it: 0x%llx from 0x%llx",
						target_rel(im->t, r->type)->name, s->name,
						(unsigned long long)v,
						(unsigned long long)(env->base + off));
		}
	}
	return 0;
}

/* The code that looks at the word. Returns its length, 0 where it cannot reach. */
static size_t build_switch(struct image *im, const struct image_env *env, size_t i, unsigned int isa,
			   uint64_t word, uint64_t below, uint64_t new)
{
	uint64_t at = env->base + im->stub_off[i], off = im->stub_off[i] + WAY_BELOW * STUB_ROOM;
	uint8_t *p = im->file.p + im->stub_off[i];
	size_t n = im->t->encode_switch(at | isa, word, below, new, p);

	if (!n)
		n = im->t->encode_switch_far(at | isa, word, below, new, p);
	if (n || !im->t->encode_far)
		return n;
	im->t->encode_far((env->base + off) | isa, below, im->file.p + off);
	below = (env->base + off) | isa;
	n = im->t->encode_switch(at | isa, word, below, new, p);
	return n ? n : im->t->encode_switch_far(at | isa, word, below, new, p);
}

/* Where the redirect leads for one version: into it, or first to code that makes up for its needs. */
static int build_way(struct image *im, const struct image_env *env, size_t i, int which, uint32_t sym,
		     uint64_t *ret)
{
	const struct patch_func *f = &im->o->funcs[i];
	struct ledger_func *l = &im->ledger.funcs[i];
	uint64_t gp = im->o->gp ? im->o->gp + im->ledger.bias : 0;
	uint64_t off = im->stub_off[i] + (uint64_t)which * STUB_ROOM;
	int n;

	*ret = entry_of(im, env, sym);
	if (!im->t->encode_way_in)
		return 0;
	n = im->t->encode_way_in(env->base + off, *ret, gp, im->o->syms[sym].other, l->orig, f->size,
				 im->file.p + off);
	if (n > 0)
		*ret = env->base + off;
	return n < 0 ? -1 : 0;
}

static int build_funcs(struct image *im, const struct image_env *env, uint64_t word,
		       struct sut_err *err)
{
	for (size_t i = 0; i < im->o->n_funcs; i++) {
		const struct patch_func *f = &im->o->funcs[i];
		struct ledger_func *l = &im->ledger.funcs[i];
		unsigned int isa = im->o->syms[f->old_sym].isa, new_isa = im->o->syms[f->new_sym].isa;
		uint64_t below, new, old, to, stub;
		size_t n;

		l->new_addr = sym_value(im, env, f->new_sym) - new_isa;
		l->new_size = detour_func_size(im, f->new_sym);
		l->old_addr = sym_value(im, env, f->old_sym) - isa;
		l->old_size = detour_func_size(im, f->old_sym);
		l->stub_addr = env->base + im->stub_off[i];
		if (build_way(im, env, i, WAY_NEW, f->new_sym, &new) < 0 ||
		    build_way(im, env, i, WAY_OLD, f->old_sym, &old) < 0)
			return sut_fail(err, SUT_P_REACH, f->name, "it needs a global pointer that nothing tells");
		l->enter_addr = new;
		below = env->below && env->below[i] ? env->below[i] : old;
		n = build_switch(im, env, i, isa, word, below, new);
		if (!n)
			return sut_fail(err, SUT_P_REACH, f->name, "its switch stub does not reach");
		l->stub_size = im->t->encode_far ? im->stub_room : n;
		/* A jump cannot change the instruction set; the stub can, and goes to the new code. */
		stub = l->stub_addr | isa;
		to = isa == new_isa ? new : stub;
		if (env->island) {
			to = island_jump(im, env, i, ISLAND_DIRECT, isa, to);
			stub = island_jump(im, env, i, ISLAND_STUB, isa, stub);
		}
		if (!im->t->encode_jump(l->entry | isa, to, l->orig + f->entry, l->jump_len, l->direct) ||
		    !im->t->encode_jump(l->entry | isa, stub, l->orig + f->entry, l->jump_len, l->via_stub))
			return sut_fail(err, SUT_P_REACH, f->name,
					"a jump from 0x%llx does not reach the patch at 0x%llx",
					(unsigned long long)l->entry, (unsigned long long)to);
	}
	return 0;
}

struct fde_list {
	uint64_t base;
	struct {
		int32_t pc, fde;
	} *v;
	size_t n, max;
	uint64_t hdr, eh;
};

static int add_fde(void *ctx, const struct cfi_fde *f)
{
	struct fde_list *l = ctx;

	if (l->n == l->max)
		return 1;
	l->v[l->n].pc = (int32_t)(f->pc_begin - l->hdr);
	l->v[l->n++].fde = (int32_t)(l->eh + f->offset - l->hdr);
	return 0;
}

static int cmp_fde(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* LSB core, "The .eh_frame_hdr section": sorted table of (pc, FDE) relative to the section. */
static int build_eh_hdr(struct image *im, struct sut_err *err)
{
	uint8_t *p = im->file.p + im->eh_hdr_off;
	struct fde_list l = {.max = im->n_fdes};
	struct cfi_section s = {
		.data = im->file.p + im->eh_off,
		.size = im->eh_size,
		.addr = im->base + im->eh_off,
		.addr_size = (uint8_t)wire_word(im->t->elf_class),
	};
	int32_t rel = (int32_t)(im->eh_off - (im->eh_hdr_off + 4));
	uint32_t n;

	l.v = xcalloc(im->n_fdes, sizeof(*l.v));
	l.hdr = im->base + im->eh_hdr_off;
	l.eh = im->base + im->eh_off;
	if (cfi_for_each_fde(&s, add_fde, &l)) {
		free(l.v);
		return sut_fail(err, SUT_P_IMAGE, im->o->name, "its unwind records cannot be read");
	}
	if (l.n)
		qsort(l.v, l.n, sizeof(*l.v), cmp_fde);
	n = (uint32_t)l.n;
	memcpy(p, "\x01\x1b\x03\x3b", 4); /* pcrel sdata4, udata4, datarel sdata4 */
	memcpy(p + 4, &rel, 4);
	memcpy(p + 8, &n, 4);
	if (l.n)
		memcpy(p + 12, l.v, l.n * sizeof(*l.v));
	free(l.v);
	return 0;
}

static void build_symbols(struct image *im, const struct image_env *env, size_t *ret_strings)
{
	Elf64_Sym *sym = xcalloc(im->n_syms, sizeof(*sym));
	struct buf str = {0};
	uint32_t n = 1;
	uint8_t *p;

	buf_add(&str, NULL, 1);
	for (size_t i = 1; i < im->o->n_syms; i++) {
		const struct patch_sym *y = &im->o->syms[i];
		bool text;

		if (!named(y))
			continue;
		text = im->o->secs[y->sec].kind == PSEC_TEXT;
		sym[n].st_name = (Elf64_Word)buf_addstr(&str, y->name);
		sym[n].st_info = ELF64_ST_INFO(STB_LOCAL, text ? STT_FUNC : STT_OBJECT);
		sym[n].st_shndx = text ? SH_TEXT
				  : im->o->secs[y->sec].kind == PSEC_DATA ||
						  im->o->secs[y->sec].kind == PSEC_BSS
					  ? SH_DATA
					  : SH_RODATA;
		sym[n].st_value = sym_value(im, env, (uint32_t)i);
		sym[n++].st_size = y->size;
	}
	for (size_t i = 0; i < im->o->n_funcs; i++) {
		char *s = xasprintf("%s.switch", im->o->funcs[i].name);

		sym[n].st_name = (Elf64_Word)buf_addstr(&str, s);
		sym[n].st_info = ELF64_ST_INFO(STB_LOCAL, STT_FUNC);
		sym[n].st_shndx = SH_TEXT;
		sym[n].st_value = im->ledger.funcs[i].stub_addr | im->o->syms[im->o->funcs[i].old_sym].isa;
		sym[n++].st_size = im->ledger.funcs[i].stub_size;
		free(s);
	}
	p = im->file.p + im->sym_off;
	for (uint32_t i = 0; i < n; i++)
		p += wire_put_sym(p, im->t->elf_class, &sym[i]);
	memcpy(p, str.p, str.n);
	*ret_strings = str.n;
	free(sym);
	buf_free(&str);
}

static void set_sh(const struct image *im, Elf64_Shdr *sh, int i, uint32_t type, uint64_t flags,
		   uint64_t off, uint64_t size, uint64_t align)
{
	const char *name = shstr + 1;

	for (int k = 1; k < i; k++)
		name += strlen(name) + 1;
	sh[i].sh_name = (Elf64_Word)(name - shstr);
	sh[i].sh_type = type;
	sh[i].sh_flags = flags;
	sh[i].sh_addr = flags & SHF_ALLOC ? im->base + off : 0;
	sh[i].sh_offset = off;
	sh[i].sh_size = size;
	sh[i].sh_addralign = align;
}

static void build_headers(struct image *im, size_t strings)
{
	uint8_t cls = im->t->elf_class, *p;
	uint64_t sym_size = im->n_syms * wire_size(WIRE_SYM, cls);
	Elf64_Shdr sh[SH_COUNT] = {{0}};
	Elf64_Phdr ph[7] = {{0}};
	Elf64_Ehdr eh = {0};
	uint64_t rodata = im->note_off + NOTE_SIZE;
	int n = 0;

	for (int i = 0; i < IMAGE_N_SEGS; i++) {
		const struct image_seg *g = &im->seg[i];

		if (!g->size)
			continue;
		ph[n].p_type = PT_LOAD;
		ph[n].p_flags = (g->perms & PROC_R ? PF_R : 0) | (g->perms & PROC_W ? PF_W : 0) |
				(g->perms & PROC_X ? PF_X : 0);
		ph[n].p_offset = g->off;
		ph[n].p_vaddr = ph[n].p_paddr = im->base + g->off;
		ph[n].p_filesz = ph[n].p_memsz = g->size;
		ph[n++].p_align = im->t->page_size;
	}
	ph[n++] = (Elf64_Phdr){PT_NOTE, PF_R, im->note_off, im->base + im->note_off,
			       im->base + im->note_off, NOTE_SIZE, NOTE_SIZE, 4};
	ph[n++] = (Elf64_Phdr){PT_GNU_EH_FRAME, PF_R, im->eh_hdr_off, im->base + im->eh_hdr_off,
			       im->base + im->eh_hdr_off, 12 + 8 * im->n_fdes, 12 + 8 * im->n_fdes, 4};
	ph[n++] = (Elf64_Phdr){.p_type = PT_GNU_STACK, .p_flags = PF_R | PF_W, .p_align = 16};
	set_sh(im, sh, SH_NOTE, SHT_NOTE, SHF_ALLOC, im->note_off, NOTE_SIZE, 4);
	set_sh(im, sh, SH_RODATA, SHT_PROGBITS, SHF_ALLOC, rodata, im->eh_off - rodata, 1);
	set_sh(im, sh, SH_EH, SHT_PROGBITS, SHF_ALLOC, im->eh_off, im->eh_size, 8);
	set_sh(im, sh, SH_EH_HDR, SHT_PROGBITS, SHF_ALLOC, im->eh_hdr_off, 12 + 8 * im->n_fdes, 4);
	set_sh(im, sh, SH_TEXT, SHT_PROGBITS, SHF_ALLOC | SHF_EXECINSTR, im->seg[IMAGE_RX].off,
	       im->seg[IMAGE_RX].size, 16);
	set_sh(im, sh, SH_DATA, SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, im->seg[IMAGE_RW].off,
	       im->seg[IMAGE_RW].size, 8);
	set_sh(im, sh, SH_SYMTAB, SHT_SYMTAB, 0, im->sym_off, sym_size, 8);
	sh[SH_SYMTAB].sh_link = SH_STRTAB;
	sh[SH_SYMTAB].sh_info = im->n_syms;
	sh[SH_SYMTAB].sh_entsize = wire_size(WIRE_SYM, cls);
	set_sh(im, sh, SH_STRTAB, SHT_STRTAB, 0, im->sym_off + sym_size, strings, 1);
	set_sh(im, sh, SH_SHSTRTAB, SHT_STRTAB, 0, im->shdr_off + SH_COUNT * wire_size(WIRE_SHDR, cls), sizeof(shstr), 1);
	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = cls;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	eh.e_ident[EI_VERSION] = EV_CURRENT;
	eh.e_type = ET_DYN;
	eh.e_machine = im->t->machine;
	eh.e_version = EV_CURRENT;
	eh.e_flags = im->t->e_flags;
	eh.e_entry = im->ledger.addr;
	eh.e_phoff = wire_size(WIRE_EHDR, cls);
	eh.e_shoff = im->shdr_off;
	eh.e_ehsize = (Elf64_Half)wire_size(WIRE_EHDR, cls);
	eh.e_phentsize = (Elf64_Half)wire_size(WIRE_PHDR, cls);
	eh.e_phnum = (Elf64_Half)n;
	eh.e_shentsize = (Elf64_Half)wire_size(WIRE_SHDR, cls);
	eh.e_shnum = SH_COUNT;
	eh.e_shstrndx = SH_SHSTRTAB;
	p = im->file.p + wire_put_ehdr(im->file.p, cls, &eh);
	for (int i = 0; i < n; i++)
		p += wire_put_phdr(p, cls, &ph[i]);
	p = im->file.p + im->shdr_off;
	for (int i = 0; i < SH_COUNT; i++)
		p += wire_put_shdr(p, cls, &sh[i]);
	memcpy(p, shstr, sizeof(shstr));
}

/* Tells apart every patch, object and load address: symbol caches go by it. */
static void build_note(struct image *im)
{
	uint32_t h[3] = {4, 20, NT_GNU_BUILD_ID};
	uint8_t *p = im->file.p + im->note_off, sum[SHA256_SIZE];

	memcpy(p, h, sizeof(h));
	memcpy(p + 12, "GNU", 4);
	sha256(im->file.p, im->seg[IMAGE_RX].off + im->seg[IMAGE_RX].size, sum);
	memcpy(p + 16, sum, 20);
}

int image_build(struct image *im, const struct image_env *env, struct sut_err *err)
{
	struct ledger *l = &im->ledger;
	struct buf out = {0};
	size_t strings;

	buf_free(&im->file);
	/* A file ends with whole pages, so that nothing of the last one is undefined. */
	buf_add(&im->file, NULL, im->size + ALIGN_UP(env->island_size, im->t->page_size));
	memset(im->file.p + im->seg[IMAGE_RX].off, im->t->trap_byte, im->seg[IMAGE_RX].size);
	memset(im->file.p + im->size, im->t->trap_byte, im->file.n - im->size);
	im->base = env->base;
	l->addr = env->base + im->seg[IMAGE_LEDGER].off;
	l->image_lo = env->base;
	l->image_hi = env->base + im->size;
	l->island_lo = env->island;
	l->island_hi = env->island + env->island_size;
	l->text_lo = env->base + im->seg[IMAGE_RX].off;
	l->text_hi = l->text_lo + im->seg[IMAGE_RX].size;
	l->word_addr = env->word_addr ? env->word_addr : l->addr + offsetof(struct ledger_var, word);
	for (size_t i = 0; i < im->o->n_secs; i++) {
		const struct patch_sec *s = &im->o->secs[i];

		if (s->data && s->kind != PSEC_EHFRAME)
			memcpy(im->file.p + im->sec_off[i], s->data, s->size);
	}
	/* After the others: a terminator that was cut off overlaps what follows. */
	for (size_t i = 0; i < im->o->n_secs; i++) {
		size_t unused = 0;

		if (im->o->secs[i].kind == PSEC_EHFRAME)
			memcpy(im->file.p + im->sec_off[i], im->o->secs[i].data,
			       (size_t)eh_records(&im->o->secs[i], &unused));
	}
	island_build(im, env);
	if (relocate(im, env, err) < 0 || build_funcs(im, env, l->word_addr, err) < 0 ||
	    build_eh_hdr(im, err) < 0)
		return -1;
	build_symbols(im, env, &strings);
	build_headers(im, strings);
	build_note(im);
	ledger_encode(l, &out);
	memcpy(im->file.p + im->seg[IMAGE_LEDGER].off, out.p, out.n);
	buf_free(&out);
	return 0;
}

void image_free(struct image *im)
{
	ledger_free(&im->ledger);
	buf_free(&im->file);
	free(im->sec_off);
	free(im->stub_off);
	free(im->detours);
	free(im->hops);
	memset(im, 0, sizeof(*im));
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/diff/names.h"
#include "build/diff/unit.h"

#include <stdlib.h>
#include <string.h>

bool sym_is_func(const struct elf_sym *y)
{
	return y->type == STT_FUNC || y->type == STT_GNU_IFUNC;
}

static bool is_identifier(const char *s)
{
	if (!*s)
		return false;
	for (; *s; s++)
		if (*s != '_' && !(*s >= '0' && *s <= '9') &&
		    !((*s | 32) >= 'a' && (*s | 32) <= 'z'))
			return false;
	return true;
}

static enum sec_kind classify(const struct elf_sec *s, const struct target *t, const struct diff_opts *opts)
{
	static const char *const special[] = {".init_array", ".fini_array", ".preinit_array",
					      ".ctors", ".dtors", ".init", ".fini"};
	bool plain = false;

	if (!(s->flags & SHF_ALLOC) || s->type == SHT_NOTE || s->type == SHT_X86_64_UNWIND ||
	    str_starts(s->name, ".eh_frame") || str_starts(s->name, ".note.") ||
	    str_starts(s->name, ".gcc_except_table") || str_starts(s->name, ".ARM.ex") ||
	    /* one entry for each function that was compiled with room for tracing */
	    !strcmp(s->name, "__patchable_function_entries") || !strcmp(s->name, "__mcount_loc") ||
	    /* what its slots hold is compared where they are used: ref.c */
	    (t && t->slot_section && !strcmp(s->name, t->slot_section)))
		return SK_NONE;
	if (t && opts && opts->section_role) {
		enum diff_role role = opts->section_role(s->name, t->machine);

		if (role == DIFF_ROLE_NONE || role == DIFF_ROLE_CONST)
			return role == DIFF_ROLE_NONE ? SK_NONE : SK_RO;
		plain = role == DIFF_ROLE_PLAIN;
	}
	for (size_t i = 0; i < ARRAY_SIZE(special) && !plain; i++) {
		size_t n = strlen(special[i]);

		/* .init.text and .init.data are a kernel's, and ordinary code and data. */
		if (!strncmp(s->name, special[i], n) &&
		    (!s->name[n] || (s->name[n] == '.' && strcmp(special[i], ".init") != 0)))
			return SK_SPECIAL;
	}
	if (s->type == SHT_INIT_ARRAY || s->type == SHT_FINI_ARRAY || s->type == SHT_PREINIT_ARRAY)
		return SK_SPECIAL;
	if (s->flags & SHF_EXECINSTR)
		return SK_CODE;
	if (s->flags & SHF_TLS)
		return SK_TLS;
	if (s->type != SHT_PROGBITS && s->type != SHT_NOBITS)
		return SK_SPECIAL;
	/* The linker defines __start_NAME and __stop_NAME for these: somebody walks over them. */
	if (is_identifier(s->name))
		return SK_SPECIAL;
	if (!(s->flags & SHF_WRITE) || str_starts(s->name, ".data.rel.ro"))
		return SK_RO;
	return s->type == SHT_NOBITS ? SK_BSS : SK_RW;
}

enum sec_kind sym_kind(const struct side *s, uint32_t sym)
{
	const struct elf_sym *y = &s->o->syms[sym];

	if (y->shndx == SHN_COMMON)
		return SK_BSS;
	if (!y->shndx || y->shndx >= s->o->n_secs)
		return SK_NONE;
	return s->kind[y->shndx];
}

void refs_range(const struct side *s, uint32_t sec, uint64_t from, uint64_t to, size_t *ret_first,
		size_t *ret_last)
{
	const struct elf_sec *e = &s->o->secs[sec];
	size_t lo = elf_sec_first_rel(e, from);

	*ret_first = lo;
	while (lo < e->n_rels && e->rels[lo].offset < to)
		lo++;
	*ret_last = s->refs[sec] ? lo : *ret_first;
}

static bool is_entity(const struct side *s, const struct elf_sym *y)
{
	if (!*y->name || *y->name == '$' || str_starts(y->name, ".L"))
		return false;
	if (y->type == STT_SECTION || y->type == STT_FILE)
		return false;
	if (y->shndx == SHN_COMMON)
		return true;
	if (!y->shndx || y->shndx >= s->o->n_secs || s->kind[y->shndx] == SK_NONE)
		return false;
	/* A label of assembly inside of a function is no entity; a global one may be. */
	return y->type != STT_NOTYPE || y->bind != STB_LOCAL || y->size;
}

static bool speaks_first(const struct elf_sym *a, const struct elf_sym *b)
{
	if ((a->bind == STB_LOCAL) != (b->bind == STB_LOCAL))
		return a->bind != STB_LOCAL;
	if ((a->bind == STB_WEAK) != (b->bind == STB_WEAK))
		return a->bind != STB_WEAK;
	if (!a->size != !b->size)
		return a->size != 0;
	return strcmp(a->name, b->name) < 0;
}

static void find_aliases(struct side *s)
{
	uint32_t *first = xcalloc(s->o->n_secs + 1, sizeof(*first));
	uint32_t *next = xcalloc(s->o->n_syms + 1, sizeof(*next));

	for (uint32_t i = 1; i < s->o->n_syms; i++) {
		const struct elf_sym *y = &s->o->syms[i];
		uint32_t best = i;

		if (!is_entity(s, y))
			continue;
		s->canon[i] = i;
		if (y->shndx >= s->o->n_secs)
			continue;
		for (uint32_t k = first[y->shndx]; k; k = next[k]) {
			const struct elf_sym *z = &s->o->syms[k];

			if (z->value == y->value && z->type == y->type)
				best = speaks_first(z, &s->o->syms[best]) ? s->canon[k] : best;
		}
		next[i] = first[y->shndx];
		first[y->shndx] = i;
		if (best == i)
			for (uint32_t k = next[i]; k; k = next[k])
				if (s->o->syms[k].value == y->value &&
				    s->o->syms[k].type == y->type)
					s->canon[k] = i;
		s->canon[i] = best;
	}
	free(first);
	free(next);
}

/* Anonymous pieces have no size. Each ends where the next thing that anybody refers to begins. */
static void find_cuts(struct side *s)
{
	struct elf_obj *o = s->o;
	size_t *cap = xcalloc(o->n_secs + 1, sizeof(*cap));

	for (size_t i = 1; i < o->n_secs; i++)
		for (size_t k = 0; s->refs[i] && k < o->secs[i].n_rels; k++) {
			const struct ref *r = &s->refs[i][k];

			if (r->kind == REF_ANON && r->base >= 0 && s->kind[r->sec] != SK_CODE)
				*VEC_PUSH(s->cuts[r->sec], s->n_cuts[r->sec], cap[r->sec]) =
					(uint64_t)r->base;
		}
	for (size_t i = 1; i < o->n_syms; i++) {
		const struct elf_sym *y = &o->syms[i];

		if (!s->canon[i] || y->shndx >= o->n_secs || sym_is_func(y))
			continue;
		*VEC_PUSH(s->cuts[y->shndx], s->n_cuts[y->shndx], cap[y->shndx]) = y->value;
		*VEC_PUSH(s->cuts[y->shndx], s->n_cuts[y->shndx], cap[y->shndx]) =
			y->value + y->size;
	}
	for (size_t i = 1; i < o->n_secs; i++)
		if (s->n_cuts[i])
			qsort(s->cuts[i], s->n_cuts[i], sizeof(uint64_t), cmp_u64);
	free(cap);
}

const struct dbg_var *var_of(const struct side *s, uint32_t i)
{
	const struct elf_sym *y = &s->o->syms[i];

	return dbg_var_at(s->dbg, y->shndx, y->value, y->name);
}

/* Parts of variables are what the debug information says, whatever number the compiler gave them. */
static void name_parts(struct side *s)
{
	for (size_t i = 1; i < s->o->n_syms; i++) {
		const struct dbg_var *v = s->canon[i] && !sym_is_func(&s->o->syms[i]) ? var_of(s, (uint32_t)i) : NULL;
		char *key;

		if (!v || !v->form)
			continue;
		key = xasprintf("%s of %s", v->form, s->key[i]);
		free(s->key[i]);
		s->key[i] = key;
	}
}

static void side_init(struct side *s, struct elf_obj *o, struct target_dis *dis,
		      const struct diff_opts *opts)
{
	const char *file = NULL;

	s->o = o;
	s->kind = xcalloc(o->n_secs + 1, sizeof(*s->kind));
	s->canon = xcalloc(o->n_syms + 1, sizeof(*s->canon));
	s->key = xcalloc(o->n_syms + 1, sizeof(*s->key));
	s->numbered = xcalloc(o->n_syms + 1, sizeof(*s->numbered));
	s->file = xcalloc(o->n_syms + 1, sizeof(*s->file));
	s->cuts = xcalloc(o->n_secs + 1, sizeof(*s->cuts));
	s->n_cuts = xcalloc(o->n_secs + 1, sizeof(*s->n_cuts));
	for (size_t i = 1; i < o->n_secs; i++)
		s->kind[i] = (uint8_t)classify(&o->secs[i], dis->t, opts);
	s->refs = refs_of_object(o, s->kind, dis); /* SK_NONE is 0 */
	find_aliases(s);
	for (size_t i = 1; i < o->n_syms; i++) {
		const struct elf_sym *y = &o->syms[i];

		if (y->type == STT_FILE)
			file = y->name;
		s->file[i] = file;
		if (s->canon[i])
			s->key[i] = name_key(y->name, &s->numbered[i]);
	}
	find_cuts(s);
	s->dbg = dbg_read(o);
	name_parts(s);
}

static void side_free(struct side *s)
{
	for (size_t i = 0; s->key && i < s->o->n_syms; i++)
		free(s->key[i]);
	for (size_t i = 0; s->cuts && i < s->o->n_secs; i++) {
		free(s->cuts[i]);
		free(s->refs[i]);
	}
	free(s->kind);
	free(s->refs);
	free(s->canon);
	free(s->key);
	free(s->numbered);
	free(s->file);
	free(s->cuts);
	free(s->n_cuts);
	dbg_free(s->dbg);
}

static int check_input(const struct elf_obj *o, struct sut_err *err)
{
	bool code = false, lto = false;

	if (o->type != ET_REL)
		return sut_fail(err, SUT_B_NOT_OBJECT, o->path,
				"it is not a relocatable object (a file made with 'cc -c')");
	if (!target_find(o->machine) || target_find(o->machine)->elf_class != o->elf_class)
		return sut_fail(err, SUT_E_ARCH, o->path, "its machine number is %u", o->machine);
	/* libelf shows a file whose section headers lie behind its end as one without sections. A
	 * compiler's object has a symbol table even when its source was empty. */
	if (!o->n_syms)
		return sut_fail(err, SUT_E_ELF, o->path,
				"it has no symbol table: it was cut short or stripped");
	for (size_t i = 1; i < o->n_secs; i++) {
		const struct elf_sec *s = &o->secs[i];

		lto |= str_starts(s->name, ".gnu.lto_") || str_starts(s->name, ".llvm.lto");
		code |= (s->flags & SHF_ALLOC) && s->size && classify(s, target_find(o->machine), NULL) != SK_NONE;
		if (s->type != SHT_NOBITS && (s->flags & SHF_ALLOC) && s->size && !s->data)
			return sut_fail(err, SUT_E_ELF, o->path, "section '%s' has no content",
					s->name);
		if (!(s->flags & SHF_ALLOC))
			continue;
		for (size_t k = 0; k < s->n_rels; k++) {
			uint8_t size = target_rel(target_find(o->machine), s->rels[k].type)->size;

			if (!s->data || size > s->size - s->rels[k].offset)
				return sut_fail(err, SUT_E_ELF, o->path,
						"a relocation of section '%s' lies outside of it",
						s->name);
		}
	}
	for (size_t i = 1; i < o->n_syms; i++) {
		const struct elf_sym *y = &o->syms[i];

		if (!y->shndx || y->shndx >= o->n_secs || y->type == STT_SECTION)
			continue;
		if (y->value > o->secs[y->shndx].size ||
		    y->size > o->secs[y->shndx].size - y->value)
			return sut_fail(err, SUT_E_ELF, o->path,
					"symbol '%s' lies outside of its section", y->name);
	}
	if (lto && !code) {
		sut_fail(err, SUT_B_LTO_OBJECT, o->path, "it holds no code but the compiler's own "
			 "intermediate form (-flto)");
		return sut_fail_remedy(err, "compile the unit with -fno-lto, or with "
				       "-ffat-lto-objects");
	}
	return 0;
}

struct diff_unit *diff_unit_compare(struct elf_obj *orig, struct elf_obj *new,
				    const struct diff_opts *opts, struct sut_err *err)
{
	static const struct diff_opts none;
	struct diff_unit *u;
	struct diff_ctx *c;

	if (check_input(orig, err) < 0 || check_input(new, err) < 0)
		return NULL;
	if (orig->machine != new->machine) {
		sut_fail(err, SUT_E_ARCH, new->path, "it is for another processor than '%s'",
			 orig->path);
		return NULL;
	}
	u = xcalloc(1, sizeof(*u));
	c = u->ctx = xcalloc(1, sizeof(*c));
	u->orig = orig;
	u->new = new;
	u->target = target_find(orig->machine);
	u->to_orig = xcalloc(new->n_syms + 1, sizeof(*u->to_orig));
	u->to_new = xcalloc(orig->n_syms + 1, sizeof(*u->to_new));
	u->pair_how = xcalloc(new->n_syms + 1, sizeof(*u->pair_how));
	c->u = u;
	c->opts = opts ? opts : &none;
	c->func_of = xcalloc(new->n_syms + 1, sizeof(*c->func_of));
	c->data_of = xcalloc(new->n_syms + 1, sizeof(*c->data_of));
	c->dis = target_dis_open(u->target);
	if (!c->dis) {
		sut_fail(err, SUT_X_BUG, "disassembler", "it cannot be opened");
		diff_unit_free(u);
		return NULL;
	}
	side_init(&c->orig, orig, c->dis, c->opts);
	side_init(&c->new, new, c->dis, c->opts);
	u->orig_refs = c->orig.refs;
	u->new_refs = c->new.refs;
	correlate(c, err);
	compare(c);
	positions(c);
	reasons(c);
	refuse(c, err);
	for (size_t i = 0; i < u->n_funcs; i++)
		u->changed |= u->funcs[i].status != DIFF_UNCHANGED;
	for (size_t i = 0; i < u->n_data; i++)
		u->changed |= u->data[i].status != DIFF_UNCHANGED;
	c->opts = &none;
	return u;
}

void diff_unit_free(struct diff_unit *u)
{
	if (!u)
		return;
	for (size_t i = 0; i < u->n_funcs; i++) {
		free(u->funcs[i].orig_cold);
		free(u->funcs[i].new_cold);
		free(u->funcs[i].file);
		strvec_free(&u->funcs[i].why_chain);
	}
	for (size_t i = 0; i < u->n_data; i++)
		free(u->data[i].file);
	free(u->funcs);
	free(u->data);
	free(u->to_orig);
	free(u->to_new);
	free(u->pair_how);
	if (u->ctx) {
		if (u->ctx->orig.o)
			side_free(&u->ctx->orig);
		if (u->ctx->new.o)
			side_free(&u->ctx->new);
		target_dis_close(u->ctx->dis);
		free(u->ctx->func_of);
		free(u->ctx->data_of);
		free(u->ctx->func_cause);
		free(u->ctx->data_cause);
	}
	free(u->ctx);
	free(u);
}

const char *pair_how_text(enum pair_how how)
{
	static const char *const text[] = {
		[PAIR_NONE] = "not paired",
		[PAIR_GLOBAL] = "same global name",
		[PAIR_LOCAL] = "same local name, type, section kind and file",
		[PAIR_LINKAGE] = "same name, linkage changed",
		[PAIR_ONLY] = "the only one of this base name",
		[PAIR_SCOPE] = "the only one of this base name in its function",
		[PAIR_USERS] = "used at the same place of equal code",
		[PAIR_CONTENT] = "the only one with this content",
		[PAIR_ORDER] = "by order among equals",
		[PAIR_PARENT] = "part of a paired function",
	};

	return text[how];
}

const char *diff_status_text(enum diff_status s)
{
	static const char *const text[] = {"unchanged", "changed", "new", "removed"};

	return text[s];
}

const char *diff_why_text(enum diff_why w)
{
	static const char *const text[] = {"none", "edited", "inlined", "refers", "code", "registers", "part"};

	return text[w];
}

const char *diff_data_kind_text(enum diff_data_kind k)
{
	static const char *const text[] = {"rodata", "data", "bss", "tls"};

	return text[k];
}

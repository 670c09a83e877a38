// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What holds for every patch, whoever made it. The writer checks before it writes and the reader
 * after it has read, so that apply may use indices and ranges without looking again.
 */
#include "patch/format.h"

#include <stdlib.h>
#include <string.h>

struct check {
	const struct patch *p;
	const struct target *t;
	enum sut_code code;
	const char *subject;
	struct sut_err *err;
};

#define BAD(c, ...) sut_fail((c)->err, (c)->code, (c)->subject, __VA_ARGS__)

/*
 * Strings end up on terminals and in logs: no control characters (C0, DEL, C1), no bytes that are
 * not UTF-8. @multi allows line breaks and tabs.
 */
static bool text_ok(const char *s, bool multi)
{
	const uint8_t *p = (const uint8_t *)s;

	if (strlen(s) > PATCH_MAX_STRING)
		return false;
	while (*p) {
		uint32_t c = *p++;
		int more = 0;

		if (c < 0x20 || c == 0x7f) {
			if (!multi || (c != '\n' && c != '\t'))
				return false;
			continue;
		}
		if (c < 0x80)
			continue;
		if (c >= 0xc2 && c <= 0xdf) {
			more = 1;
			c &= 0x1f;
		} else if (c >= 0xe0 && c <= 0xef) {
			more = 2;
			c &= 0x0f;
		} else if (c >= 0xf0 && c <= 0xf4) {
			more = 3;
			c &= 0x07;
		} else {
			return false;
		}
		for (int i = 0; i < more; i++, p++) {
			if ((*p & 0xc0) != 0x80)
				return false;
			c = c << 6 | (*p & 0x3f);
		}
		if ((more == 2 && c < 0x800) || (more == 3 && (c < 0x10000 || c > 0x10ffff)) ||
		    (c >= 0xd800 && c <= 0xdfff) || (c >= 0x80 && c <= 0x9f) ||
		    (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069))
			return false;
	}
	return true;
}

static int check_text(struct check *c, const char *what, const char *s, bool multi)
{
	if (s && !text_ok(s, multi))
		return BAD(c, "%s has characters that are not allowed", what);
	return 0;
}

static int check_name(struct check *c, const char *what, const char *s)
{
	if (!s || !*s)
		return BAD(c, "%s is missing", what);
	return check_text(c, what, s, false);
}

static int check_strvec(struct check *c, const char *what, const struct strvec *v)
{
	for (size_t i = 0; i < v->n; i++)
		if (check_name(c, what, v->v[i]) < 0)
			return -1;
	return 0;
}

static bool range_ok(uint64_t addr, uint64_t size)
{
	return size && addr + size > addr;
}

static int check_sec(struct check *c, const struct patch_object *o, const struct patch_sec *s)
{
	uint64_t end = 0;

	if (check_name(c, "the name of a section", s->name) < 0)
		return -1;
	if (s->kind > PSEC_EHFRAME)
		return BAD(c, "section '%s' has an unknown kind", s->name);
	if (!s->align || s->align > PATCH_MAX_ALIGN || (s->align & (s->align - 1)))
		return BAD(c, "section '%s' has alignment %llu", s->name,
			   (unsigned long long)s->align);
	if (s->size > PATCH_MAX_SEC_SIZE)
		return BAD(c, "section '%s' is too large", s->name);
	if (s->kind == PSEC_BSS ? s->data || s->n_rels : s->size && !s->data)
		return BAD(c, "section '%s' and its content do not fit together", s->name);
	for (size_t i = 0; i < s->n_rels; i++) {
		const struct patch_rel *r = &s->rels[i];
		const struct rel_info *ri = target_rel(c->t, r->type);
		uint8_t probe[8] = {0};

		/* A plain type stores anywhere near zero: the target itself says which are. */
		if (!ri || ri->size > sizeof(probe) || c->t->apply_rel(r->type, probe, 0, 0, 0) < 0)
			return BAD(c, "section '%s' has a relocation of type %u, which a patch may not have",
				   s->name, r->type);
		if (r->offset > s->size || ri->size > s->size - r->offset)
			return BAD(c, "a relocation lies outside section '%s'", s->name);
		/* Two relocations of one field would make the result depend on their order. */
		if (i && r->offset < end)
			return BAD(c, "relocations of section '%s' overlap or are not sorted", s->name);
		end = r->offset + ri->size;
		if (!r->sym || r->sym >= o->n_syms)
			return BAD(c, "a relocation of section '%s' names no symbol", s->name);
	}
	return 0;
}

static int check_sym(struct check *c, const struct patch_object *o, const struct patch_sym *y)
{
	if (check_name(c, "the name of a symbol", y->name) < 0 ||
	    check_text(c, "the version of a symbol", y->version, false) < 0)
		return -1;
	if (y->version && y->kind != PSYM_IMPORT)
		return BAD(c, "symbol '%s' has a version but is not an import", y->name);
	if (y->add && y->kind != PSYM_SLOT)
		return BAD(c, "symbol '%s' has an addend but is not a slot", y->name);
	if (y->is_weak && y->kind != PSYM_IMPORT)
		return BAD(c, "symbol '%s' is weak but is not an import", y->name);
	switch (y->kind) {
	case PSYM_DEF:
		if (y->sec >= o->n_secs)
			return BAD(c, "symbol '%s' is in a section that does not exist", y->name);
		if (y->value > o->secs[y->sec].size || y->size > o->secs[y->sec].size - y->value)
			return BAD(c, "symbol '%s' lies outside its section", y->name);
		return 0;
	case PSYM_IMPORT:
		if (y->value || y->size)
			return BAD(c, "import '%s' has a value", y->name);
		break;
	case PSYM_OBJECT:
	case PSYM_SLOT:
	case PSYM_ABS:
		break;
	default:
		return BAD(c, "symbol '%s' has an unknown kind", y->name);
	}
	if (y->sec)
		return BAD(c, "symbol '%s' names a section but is not defined here", y->name);
	if (y->kind == PSYM_SLOT && (y->size || y->is_func))
		return BAD(c, "slot '%s' has a size", y->name);
	return 0;
}

/* A range of the object's code that some func claims. */
struct claim {
	uint64_t lo, hi;
	size_t func;
};

static int cmp_claim(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static bool is_code(const struct patch_object *o, uint32_t sym)
{
	const struct patch_sym *y;

	if (!sym || sym >= o->n_syms)
		return false;
	y = &o->syms[sym];
	return y->kind == PSYM_DEF && y->sec < o->n_secs && o->secs[y->sec].kind == PSEC_TEXT &&
	       y->size;
}

static int check_func(struct check *c, const struct patch_object *o, const struct patch_func *f)
{
	if (check_name(c, "the name of a function", f->name) < 0 ||
	    check_text(c, "the source file of a function", f->file, false) < 0 ||
	    check_text(c, "the reason of a function", f->why, false) < 0 ||
	    check_strvec(c, "the chain of a function", &f->why_chain) < 0)
		return -1;
	if (!range_ok(f->addr, f->size) || f->size > PATCH_MAX_SEC_SIZE)
		return BAD(c, "function '%s' has no proper range", f->name);
	if (f->line < 0)
		return BAD(c, "function '%s' has a negative line", f->name);
	if (f->entry > 64 || f->room > 4096 || !f->jump || f->jump > TARGET_MAX_JUMP || f->jump > f->room ||
	    f->entry >= f->size)
		return BAD(c, "function '%s' has no room for its redirect", f->name);
	if (f->entry % c->t->insn_min || f->jump % c->t->insn_min || f->addr % c->t->insn_min)
		return BAD(c, "the entry of function '%s' is not aligned", f->name);
	for (size_t i = 0; i < f->n_parts; i++)
		if (!range_ok(f->parts[i].addr, f->parts[i].size) ||
		    f->parts[i].size > PATCH_MAX_SEC_SIZE)
			return BAD(c, "a part of function '%s' has no proper range", f->name);
	if (!is_code(o, f->new_sym) || !is_code(o, f->old_sym) || f->new_sym == f->old_sym)
		return BAD(c, "function '%s' lacks its new or its old code", f->name);
	return 0;
}

static int check_overlap(struct check *c, const struct patch_object *o)
{
	struct claim *v = NULL;
	size_t n = 0, cap = 0;
	int r = 0;

	for (size_t i = 0; i < o->n_funcs; i++) {
		const struct patch_func *f = &o->funcs[i];
		uint64_t room = (uint64_t)f->entry + f->jump;

		*VEC_PUSH(v, n, cap) = (struct claim){f->addr, f->addr + MAX(f->size, room), i};
		for (size_t k = 0; k < f->n_parts; k++)
			*VEC_PUSH(v, n, cap) = (struct claim){
				f->parts[k].addr, f->parts[k].addr + f->parts[k].size, i};
	}
	if (n)
		qsort(v, n, sizeof(*v), cmp_claim);
	for (size_t i = 1; i < n && !r; i++)
		if (v[i].lo < v[i - 1].hi)
			r = BAD(c, "the ranges of functions '%s' and '%s' overlap",
				o->funcs[v[i - 1].func].name, o->funcs[v[i].func].name);
	free(v);
	return r;
}

static int check_object(struct check *c, const struct patch_object *o)
{
	if (check_name(c, "the name of an object", o->name) < 0)
		return -1;
	if (strchr(o->name, '/') || strlen(o->name) > 255)
		return BAD(c, "the name of an object is no file name");
	if (o->machine != c->t->machine)
		return BAD(c, "objects of different architectures in one patch");
	if (o->build_id_size < 4 || o->build_id_size > 64)
		return BAD(c, "object '%s' has a build-id of %zu bytes", o->name, o->build_id_size);
	if (!o->n_funcs)
		return BAD(c, "object '%s' has no functions", o->name);
	if (!o->n_syms || o->syms[0].name)
		return BAD(c, "object '%s' lacks its null symbol", o->name);
	for (size_t i = 0; i < o->n_secs; i++)
		if (check_sec(c, o, &o->secs[i]) < 0)
			return -1;
	for (size_t i = 1; i < o->n_syms; i++)
		if (check_sym(c, o, &o->syms[i]) < 0)
			return -1;
	for (size_t i = 0; i < o->n_funcs; i++)
		if (check_func(c, o, &o->funcs[i]) < 0)
			return -1;
	for (size_t i = 0; i < o->n_expects; i++) {
		const struct patch_expect *x = &o->expects[i];

		if (check_name(c, "the name of expected bytes", x->name) < 0)
			return -1;
		if (!range_ok(x->addr, x->size) || x->size > PATCH_MAX_SEC_SIZE || !x->bytes)
			return BAD(c, "the expected bytes of '%s' have no proper range", x->name);
	}
	/* The bytes that a redirect overwrites are always among those that are proved. */
	for (size_t i = 0; i < o->n_funcs; i++) {
		const struct patch_func *f = &o->funcs[i];
		uint64_t lo = f->addr + f->entry;
		bool found = false;

		for (size_t k = 0; k < o->n_expects && !found; k++) {
			const struct patch_expect *x = &o->expects[k];

			/* The padding behind a short function need not be expected: it is proved
			 * to be padding when it is about to be overwritten. */
			found = lo >= x->addr &&
				MIN(lo + f->jump, f->addr + f->size) - x->addr <= x->size;
		}
		if (!found)
			return BAD(c, "function '%s' has no expected bytes at its entry", f->name);
	}
	if (check_strvec(c, "the name of a new function", &o->new_funcs) < 0 ||
	    check_strvec(c, "the name of a new variable", &o->new_data) < 0)
		return -1;
	return check_overlap(c, o);
}

/* Modules and what becomes part of a path under /sys have names of these letters only. */
static int check_word(struct check *c, const char *what, const char *s, size_t max)
{
	static const char ok[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~-";

	if (!s || !*s || strlen(s) > max || strspn(s, ok) != strlen(s) || *s == '.')
		return BAD(c, "%s is no proper name", what);
	return 0;
}

static int check_kobject(struct check *c, const struct patch_kobject *o)
{
	if (check_word(c, "the name of an object of the kernel", o->name, 55) < 0 ||
	    check_strvec(c, "a callback", &o->callbacks) < 0)
		return -1;
	if (o->build_id ? o->build_id_size < 4 || o->build_id_size > 64 : o->build_id_size)
		return BAD(c, "object '%s' has a build-id of %zu bytes", o->name, o->build_id_size);
	for (size_t i = 0; i < o->n_funcs; i++) {
		const struct patch_kfunc *f = &o->funcs[i];

		if (check_name(c, "the name of a function", f->name) < 0 ||
		    check_text(c, "the source file of a function", f->file, false) < 0 ||
		    check_text(c, "the reason of a function", f->why, false) < 0 ||
		    check_strvec(c, "the chain of a function", &f->why_chain) < 0)
			return -1;
		for (size_t k = 0; k < i; k++)
			if (!strcmp(o->funcs[k].name, f->name) && o->funcs[k].sympos == f->sympos)
				return BAD(c, "function '%s' is there twice", f->name);
	}
	return 0;
}

static int check_kernel(struct check *c, const struct patch_kernel *k)
{
	char *ko;
	bool same;

	if (c->p->n_objects)
		return BAD(c, "it is for the kernel and for processes");
	if (check_word(c, "the kernel's release", k->release, 64) < 0 ||
	    check_word(c, "the name of the module", k->module, 55) < 0 || check_word(c, "the core", k->core, 55) < 0 ||
	    check_word(c, "the sum of the content", k->content, 64) < 0 ||
	    check_text(c, "the kernel's banner", k->banner, false) < 0 ||
	    check_strvec(c, "the name of a new function", &k->new_funcs) < 0 ||
	    check_strvec(c, "the name of a new variable", &k->new_data) < 0)
		return -1;
	if (strcmp(k->core, "livepatch") && strcmp(k->core, "suture_core"))
		return BAD(c, "its core '%s' is unknown", k->core);
	if (k->build_id_size < 4 || k->build_id_size > 64)
		return BAD(c, "the kernel has a build-id of %zu bytes", k->build_id_size);
	if (!k->n_objects || !k->n_files || k->n_objects > PATCH_MAX_OBJECTS || k->n_files > PATCH_MAX_FILES)
		return BAD(c, "it has %zu objects and %zu files", k->n_objects, k->n_files);
	for (size_t i = 0; i < k->n_objects; i++) {
		if (check_kobject(c, &k->objects[i]) < 0)
			return -1;
		for (size_t n = 0; n < i; n++)
			if (!strcmp(k->objects[n].name, k->objects[i].name))
				return BAD(c, "object '%s' is there twice", k->objects[i].name);
	}
	for (size_t i = 0; i < k->n_files; i++)
		if (check_word(c, "the name of a file", k->files[i].name, 255) < 0)
			return -1;
		else if (!k->files[i].size || k->files[i].size > PATCH_MAX_SEC_SIZE)
			return BAD(c, "file '%s' has %zu bytes", k->files[i].name, k->files[i].size);
	if (!strcmp(k->core, "suture_core") && (k->n_files < 2 || strcmp(k->files[1].name, "suture_core.ko")))
		return BAD(c, "its core is not there");
	ko = xasprintf("%s.ko", k->module);
	same = !strcmp(ko, k->files[0].name);
	free(ko);
	return same ? 0 : BAD(c, "its first file is not its module");
}

int patch_check(const struct patch *p, enum sut_code code, const char *subject,
		struct sut_err *err)
{
	struct check c = {.p = p, .code = code, .subject = subject, .err = err};
	size_t n_secs = 0;

	if (!patch_name_ok(p->name))
		return BAD(&c, "the name of the patch is not allowed (letters, digits, '.', '_', '+' and "
			       "'-', at most 63)");
	if ((!p->n_objects && !p->kernel) || p->n_objects > PATCH_MAX_OBJECTS)
		return BAD(&c, "it has %zu objects", p->n_objects);
	c.t = target_find(patch_machine(p));
	if (!c.t)
		return sut_fail(err, SUT_F_ARCH, subject, "ELF machine %u", patch_machine(p));
	if (p->kernel && check_kernel(&c, p->kernel) < 0)
		return -1;
	if (check_text(&c, "the version", p->version, false) < 0 ||
	    check_text(&c, "the description", p->description, true) < 0 ||
	    check_text(&c, "the author", p->author, false) < 0 ||
	    check_text(&c, "the toolchain", p->toolchain, true) < 0 ||
	    check_strvec(&c, "a CVE label", &p->cves) < 0 ||
	    check_strvec(&c, "the name of a diff", &p->sources) < 0)
		return -1;
	for (size_t i = 0; i < p->n_objects; i++) {
		const struct patch_object *o = &p->objects[i];

		if (check_object(&c, o) < 0)
			return -1;
		n_secs += o->n_secs;
		for (size_t k = 0; k < i; k++)
			if (!strcmp(p->objects[k].name, o->name) ||
			    (p->objects[k].build_id_size == o->build_id_size &&
			     !memcmp(p->objects[k].build_id, o->build_id, o->build_id_size)))
				return BAD(&c, "object '%s' is there twice", o->name);
	}
	if (n_secs > PATCH_MAX_SECS)
		return BAD(&c, "it has too many sections (%zu)", n_secs);
	return 0;
}

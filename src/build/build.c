// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The driver of a build. Every stage collects all of its reasons, and a later stage runs as long as its
 * input is whole, so that one run tells everything that stands in the way.
 *
 * Which unit is part of which object is found in member.c.
 */
#include "build/build.h"
#include "base/log.h"
#include "build/deb.h"
#include "build/folds.h"
#include "build/libgcc.h"
#include "build/link.h"
#include "build/member.h"
#include "build/moved.h"
#include "build/proofs.h"
#include "build/reliance.h"
#include "elf/dynamic.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

static bool is_edited(void *ctx, const char *file, int from, int to)
{
	const struct build *b = ctx;

	return edits_touch(&b->patches.edits, file, from, to);
}

static bool uses_symbol(const struct unit *u, const char *name)
{
	struct sut_err err = {0};
	struct elf_obj *o = u->output && file_exists(u->output) ? target_obj_open(u->output, &err) : NULL;
	bool used = false;

	for (size_t s = 1; o && s < o->n_syms && !used; s++)
		used = o->syms[s].shndx == SHN_UNDEF && !strcmp(o->syms[s].name, name);
	elf_obj_free(o);
	sut_err_free(&err);
	return used;
}

/* Does a unit that the diffs do not affect use this global? Asked of the objects of the build. */
static bool has_outside_users(void *ctx, const char *name)
{
	struct build *b = ctx;

	for (size_t i = 0; i < b->capture.units.n; i++) {
		const struct unit *u = &b->capture.units.v[i];
		bool affected = false;

		for (size_t k = 0; k < b->compiled.n; k++)
			affected |= !strcmp(b->compiled.v[k].unit->source_path, u->source_path);
		if (!affected && uses_symbol(u, name))
			return true;
	}
	return false;
}

static int capture(struct build *b, struct sut_err *err)
{
	const struct build_opts *o = &b->opts;
	struct capture_opts co = {.source = o->source, .make = o->make, .work = o->work,
				  .compdb = o->compdb, .patches = &b->patches,
				  .cancel = o->cancel};
	const char *tree = o->source;
	size_t n = 0;

	while (o->patches && o->patches[n])
		n++;
	if (o->deb) {
		struct deb *d = b->deb = xcalloc(1, sizeof(*d));

		if (deb_prepare(o->deb, o->work, o->cancel, d, err) < 0)
			return -1;
		tree = d->tree;
		if (!o->objects || !o->objects[0])
			for (size_t i = 0; i < d->objects.n; i++)
				strvec_push(&b->object_paths, d->objects.v[i]);
	}
	if (patch_set_read((char *const *)o->patches, n, tree, &b->patches, err) < 0)
		return -1;
	if (o->deb)
		return deb_capture(b->deb, NULL, &b->patches, &b->capture, err);
	return o->compdb ? capture_from_json(&co, &b->capture, err)
			 : capture_run(&co, &b->capture, err);
}

static int open_objects(struct build *b, struct sut_err *err)
{
	const struct build_opts *o = &b->opts;
	const struct deb *deb = b->deb;
	size_t before = err->n;

	for (size_t i = 0; o->objects && o->objects[i]; i++)
		strvec_push(&b->object_paths, o->objects[i]);
	if (!b->object_paths.n)
		return sut_fail(err, SUT_U_USAGE, "--object", "name at least one file that runs");
	for (size_t i = 0; i < b->object_paths.n; i++) {
		struct prove_object *po = prove_object_open(b->object_paths.v[i], err);
		bool twice = false;

		if (!po)
			continue;
		/* Packages have one program under several names. */
		for (size_t k = 0; k < b->n_objects; k++)
			twice |= po->o->build_id_size == b->objects[k]->o->build_id_size &&
				 po->o->build_id_size &&
				 !memcmp(po->o->build_id, b->objects[k]->o->build_id,
					 po->o->build_id_size);
		if (twice) {
			prove_object_free(po);
			continue;
		}
		if (deb && po->is_exec && path_is_below(b->object_paths.v[i], deb->root)) {
			free(po->name);
			po->name = deb_program_name(deb, b->object_paths.v[i]);
		}
		if (!po->o->build_id)
			sut_fail(err, SUT_B_NO_BUILD_ID, b->object_paths.v[i], "it has no build-id note");
		*VEC_PUSH(b->objects, b->n_objects, b->cap_objects) = po;
	}
	return err->n > before ? -1 : 0;
}

static int open_unit(struct build *b, const struct compiled *c, struct build_unit *u, struct sut_err *err)
{
	struct diff_opts dopts = {.source = c->unit->source, .is_edited = is_edited, .ctx = b,
				  .has_outside_users = has_outside_users,
				  .accept_layouts = b->opts.accept_layouts};

	u->compiled = c;
	u->source = c->unit->source;
	u->orig = target_obj_open(c->orig, err);
	u->new = target_obj_open(c->patched, err);
	if (!u->orig || !u->new)
		return -1;
	u->diff = diff_unit_compare(u->orig, u->new, &dopts, &u->err);
	u->proofs = xcalloc(b->n_objects, sizeof(*u->proofs));
	u->member = xcalloc(b->n_objects, sizeof(*u->member));
	if (u->diff)
		return 0;
	sut_err_move(err, &u->err);
	return -1;
}

static int compare(struct build *b, struct sut_err *err)
{
	size_t before = err->n;

	for (size_t i = 0; i < b->compiled.n; i++)
		open_unit(b, &b->compiled.v[i], VEC_PUSH(b->units, b->n_units, b->cap_units), err);
	return err->n > before ? -1 : 0;
}

struct finder {
	struct build *b;
	size_t object;
};

/* A unit outside of the patch, compiled and proved because it defines something that is needed. */
static struct build_unit *helper_unit(struct finder *f, const struct unit *unit)
{
	struct build *b = f->b;
	struct compile_opts co = {.jobs = 1};
	struct strvec flags = {0};
	struct sut_err err = {0};
	struct build_unit *h;
	char **paths = NULL;

	for (size_t i = 0; i < b->n_helpers; i++)
		if (b->helpers[i].source == unit->source)
			return &b->helpers[i];
	h = VEC_PUSH(b->helpers, b->n_helpers, b->cap_helpers);
	h->source = unit->source;
	h->proofs = xcalloc(b->n_objects, sizeof(*h->proofs));
	proof_flags(b, &flags);
	co.extra_flags = flags.v;
	if (compile_originals(&b->capture, &unit, 1, &co, &paths, &err) == 0) {
		h->orig = target_obj_open(paths[0], &err);
		free(paths[0]);
	}
	free(paths);
	strvec_free(&flags);
	sut_err_free(&err);
	return h;
}

static const struct prove_unit *helper_proof(struct finder *f, const struct unit *unit)
{
	const struct prove_object *po = f->b->objects[f->object];
	struct build_unit *h = helper_unit(f, unit);

	if (!h->orig || h->orig->machine != po->o->machine)
		return NULL;
	if (!h->proofs[f->object])
		h->proofs[f->object] = prove_unit_run(po, h->orig, proof_refs(h->orig, po->target));
	return h->proofs[f->object];
}

static const struct sym_fact *fact_named(const struct prove_unit *pu, const char *name)
{
	for (size_t s = 1; pu && s < pu->orig->n_syms; s++) {
		const struct sym_fact *f = &pu->facts[s];

		if (pu->orig->syms[s].bind != STB_LOCAL && !strcmp(pu->orig->syms[s].name, name) &&
		    (f->has_addr || f->has_plt || f->has_tls || f->has_ie || f->has_gd || f->has_desc))
			return f;
	}
	return NULL;
}

/* The unit that defines it tells, by its match or by its own use; else units that use it do. */
static const struct sym_fact *find_fact(void *ctx, const char *name)
{
	enum { ENOUGH = 8 }; /* users asked; the first nearly always knows */
	struct finder *f = ctx;
	struct build *b = f->b;
	const struct unit *unit = unit_find_defining(&b->capture, name);
	const struct sym_fact *fact;
	size_t asked = 0;

	/* A static program's libc is of no unit, but the units that call it know where it is. */
	if (!unit && b->objects[f->object]->dyn->needed.n)
		return NULL;
	fact = unit ? fact_named(helper_proof(f, unit), name) : NULL;
	for (size_t i = 0; i < b->capture.units.n && asked < ENOUGH && !fact; i++) {
		if (!uses_symbol(&b->capture.units.v[i], name))
			continue;
		asked++;
		fact = fact_named(helper_proof(f, &b->capture.units.v[i]), name);
	}
	return fact;
}

static int find_import(void *ctx, const char *name, const char **ret_version)
{
	struct finder *f = ctx;
	struct build *b = f->b;

	if (!b->imports)
		b->imports = xcalloc(b->n_objects, sizeof(*b->imports));
	imports_load(&b->imports[f->object], b->objects[f->object], b->objects, b->n_objects);
	return imports_find(&b->imports[f->object], name, ret_version);
}

static bool is_dropped(void *ctx, const struct link_unit *u, uint32_t proof_sym)
{
	const struct finder *f = ctx;
	struct build *b = f->b;
	char *text;

	if (!member_is_dropped(b, f->object, u->pu, proof_sym))
		return false;
	text = xasprintf("%s of %s (the linker drops it from %s, as nothing there uses it)",
			 u->pu->orig->syms[proof_sym].name, u->source, b->objects[f->object]->name);
	if (!strvec_has(&b->elsewhere, text))
		strvec_push(&b->elsewhere, text);
	free(text);
	return true;
}

static bool has_helper(void *ctx, const char *name)
{
	const struct finder *f = ctx;

	return libgcc_has(f->b, name);
}

/* Once more with what the compiler's library has to bring, where there is such. */
static void link_with_helpers(struct build *b, size_t k, struct link_input *in, struct link_unit *units,
			      struct patch_object *ret, bool *ret_indirect, struct sut_err *err)
{
	struct strvec names = {0}, more = {0};
	struct sut_err first = {0};
	struct build_unit *u;

	link_object(in, ret, ret_indirect, &names, &first);
	if (!names.n) {
		sut_err_move(err, &first);
		return;
	}
	sut_err_free(&first);
	patch_object_clear(ret);
	u = libgcc_take(b, k, &names, err);
	if (u) {
		log_info("%s: %s%s from the compiler's library", b->objects[k]->name, names.v[0],
			 names.n > 1 ? " and others" : "");
		units[in->n_units++] = (struct link_unit){.diff = u->diff, .pu = u->proofs[k],
							  .source = u->source};
		link_object(in, ret, ret_indirect, &more, err);
	}
	if (more.n)
		sut_fail(err, SUT_B_UNDEFINED, more.v[0], "the compiler's library was to bring it, and did not");
	strvec_free(&names);
	strvec_free(&more);
}

static bool defines(void *ctx, const char *name)
{
	const struct prove_object *po = ctx;

	for (size_t i = 1; i < po->o->n_syms; i++)
		if (po->o->syms[i].bind != STB_LOCAL && po->o->syms[i].shndx && !strcmp(po->o->syms[i].name, name))
			return true;
	for (size_t i = 1; i < po->dyn->n_syms; i++)
		if (po->dyn->syms[i].bind != STB_LOCAL && po->dyn->syms[i].shndx && !strcmp(po->dyn->syms[i].name, name))
			return true;
	return false;
}

static void check_moved(const struct build *b, const struct link_input *in, size_t k, struct sut_err *err)
{
	struct moved_unit *v = xcalloc(in->n_units + 1, sizeof(*v));

	for (size_t i = 0; i < in->n_units; i++)
		v[i] = (struct moved_unit){in->units[i].diff, in->units[i].source};
	moved_check(v, in->n_units, defines, b->objects[k], err);
	free(v);
}

static void link_one(struct build *b, size_t k, struct patch_object *ret, bool *ret_indirect,
		     struct sut_err *err)
{
	struct finder f = {b, k};
	struct link_input in = {.po = b->objects[k], .find_fact = find_fact,
				.find_import = find_import, .has_helper = has_helper,
				.is_dropped = is_dropped, .ctx = &f};
	struct link_unit *units = xcalloc(b->n_units + 1, sizeof(*units));
	struct folds folds;

	folds_find(b, k, &folds);
	in.names = folds.names;
	in.folds = folds.why;
	for (size_t i = 0; i < b->n_units; i++)
		if (b->units[i].diff && b->units[i].diff->changed && b->units[i].member[k])
			units[in.n_units++] =
				(struct link_unit){b->units[i].diff, b->units[i].proofs[k],
						   b->units[i].to_pu, b->units[i].relies,
						   b->units[i].source};
	in.units = units;
	check_moved(b, &in, k, err);
	link_with_helpers(b, k, &in, units, ret, ret_indirect, err);
	folds_free(&folds);
	free(units);
}

static struct patch *describe(struct build *b)
{
	struct patch *p = build_describe(&b->opts);

	for (size_t i = 0; i < b->n_units && !p->toolchain; i++)
		p->toolchain = b->units[i].new ? build_compiler_of(b->units[i].new) : NULL;
	return p;
}

static int link_all(struct build *b, bool *ret_indirect, struct sut_err *err)
{
	size_t before = err->n;

	*ret_indirect = false;
	b->patch = describe(b);
	for (size_t k = 0; k < b->n_objects; k++) {
		struct patch_object *po;
		bool wanted = false, indirect = false;

		for (size_t i = 0; i < b->n_units; i++)
			wanted |= b->units[i].diff && b->units[i].member[k] && member_has_changed_func(&b->units[i]);
		if (!wanted)
			continue;
		po = VEC_PUSH(b->patch->objects, b->patch->n_objects, b->patch->cap_objects);
		link_one(b, k, po, &indirect, err);
		*ret_indirect |= indirect;
		/* All that changes may be what the linker left out. */
		if (!po->n_funcs && err->n == before)
			patch_drop_object(b->patch, b->patch->n_objects - 1);
	}
	if (err->n == before && b->patch->n_objects)
		return 0;
	patch_free(b->patch);
	b->patch = NULL;
	return err->n > before ? -1 : 0;
}

static void close_units(struct build *b, struct build_unit *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct build_unit *u = &v[i];

		for (size_t k = 0; k < b->n_objects && u->proofs && !u->borrowed; k++)
			prove_unit_free(u->proofs[k]);
		if (!u->borrowed)
			proof_refs_free(u->proof, u->proof_refs);
		elf_obj_free(u->borrowed ? NULL : u->proof);
		free(u->proofs);
		free(u->member);
		free(u->to_pu);
		free(u->relies);
		if (u->diff)
			diff_unit_free(u->diff);
		elf_obj_free(u->orig);
		elf_obj_free(u->new);
		sut_err_free(&u->err);
	}
	free(v);
}

/* Both compiles of each affected unit, with the architecture's flags and @more (or NULL). */
static int compile(struct build *b, const char *more, struct sut_err *err)
{
	struct compile_opts co = {.jobs = b->opts.jobs};
	struct strvec flags = {0};
	uint64_t t = now_ns();
	int r;

	compile_flags(b, more, &flags);
	co.extra_flags = flags.v;
	r = compile_units(&b->capture, &b->patches, &co, &b->compiled, err);
	strvec_free(&flags);
	b->compile_ns += now_ns() - t;
	return r;
}

/* Comparing and linking; with proofs of a first attempt no new ones are made. */
static void attempt(struct build *b, const char *more, bool *ret_indirect, struct sut_err *err)
{
	uint64_t t = now_ns();

	log_info("comparing %zu unit%s", b->compiled.n, b->compiled.n == 1 ? "" : "s");
	compare(b, err);
	b->compare_ns += now_ns() - t;
	t = now_ns();
	if (b->n_plain)
		proofs_reuse(b);
	else if (proofs_compile(b, err) == 0)
		members_find(b, err);
	/* What a unit that is in none of the objects would be refused for is nobody's concern. */
	for (size_t i = 0; i < b->n_units; i++)
		if (b->units[i].place == UNIT_MEMBER || b->units[i].place == UNIT_UNKNOWN)
			sut_err_move_new(err, &b->units[i].err);
	b->prove_ns += now_ns() - t;
	t = now_ns();
	reliance_find(b, more);
	b->compile_ns += now_ns() - t;
	t = now_ns();
	link_all(b, ret_indirect, err);
	b->link_ns += now_ns() - t;
}

/*
 * The flag that makes a compiler reach every external thing through a table. GCC has one for x86 alone; on
 * the others code for position-independent programs does so anyway.
 */
static const char *indirect_flag(const struct build *b, const struct compile_result *c)
{
	if (c->n && command_is_clang(c->v[0].unit->compiler))
		return "-fno-direct-access-external-data";
	return b->objects[0]->target->machine == EM_X86_64 ? "-mno-direct-extern-access" : "-fPIE";
}

static int go_on(const struct build *b, struct sut_err *err)
{
	if (!b->opts.cancel || !*b->opts.cancel)
		return 0;
	return sut_fail(err, SUT_E_INTERRUPTED, "build", "no patch was written");
}

static int run(struct build *b, const struct build_opts *opts, struct sut_err *err)
{
	struct sut_err first = {0};
	uint64_t t = now_ns();
	bool indirect;

	memset(b, 0, sizeof(*b));
	b->opts = *opts;
	if (capture(b, err) < 0 || open_objects(b, err) < 0)
		return -1;
	b->capture_ns = now_ns() - t;
	if (go_on(b, err) < 0 || compile(b, NULL, err) < 0 || go_on(b, err) < 0)
		return -1;
	attempt(b, NULL, &indirect, &first);
	if (go_on(b, &first) < 0)
		indirect = false;
	if (!indirect) {
		sut_err_move(err, &first);
		return err->n ? -1 : 0;
	}
	log_info("new references to other libraries: compiling again so that they go through a table");
	sut_err_free(&first);
	b->plain = b->units;
	b->n_plain = b->n_units;
	b->plain_compiled = b->compiled;
	b->units = NULL;
	b->n_units = b->cap_units = 0;
	memset(&b->compiled, 0, sizeof(b->compiled));
	if (compile(b, indirect_flag(b, &b->plain_compiled), err) < 0)
		return -1;
	attempt(b, indirect_flag(b, &b->plain_compiled), &indirect, err);
	return err->n ? -1 : 0;
}

int build_run(struct build *b, const struct build_opts *opts, struct sut_err *err)
{
	int r = run(b, opts, err);

	/* What a command says that was ended on the way is no reason of its own. */
	if (r < 0 && opts->cancel && *opts->cancel) {
		sut_err_free(err);
		go_on(b, err);
	}
	return r;
}

void build_free(struct build *b)
{
	close_units(b, b->units, b->n_units);
	close_units(b, b->plain, b->n_plain);
	close_units(b, b->members, b->n_members);
	libgcc_free(b->libgcc);
	for (size_t i = 0; i < b->n_helpers; i++) {
		struct build_unit *h = &b->helpers[i];

		for (size_t k = 0; k < b->n_objects; k++) {
			struct ref **refs = h->proofs[k] ? h->proofs[k]->refs : NULL;

			prove_unit_free(h->proofs[k]);
			proof_refs_free(h->orig, refs);
		}
		free(h->proofs);
		elf_obj_free(h->orig);
	}
	free(b->helpers);
	for (size_t i = 0; i < b->n_objects; i++) {
		if (b->imports)
			imports_free(&b->imports[i]);
		prove_object_free(b->objects[i]);
	}
	free(b->imports);
	free(b->objects);
	strvec_free(&b->object_paths);
	strvec_free(&b->elsewhere);
	patch_free(b->patch);
	compile_result_free(&b->compiled);
	compile_result_free(&b->plain_compiled);
	capture_free(&b->capture);
	patch_set_free(&b->patches);
	if (b->deb)
		deb_free(b->deb);
	free(b->deb);
}

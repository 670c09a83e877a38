// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a machine has no instruction for, the compiler writes a call for: a division of 64-bit numbers on
 * arm, one of 128 bits anywhere, atomic operations of arm64 that look for a newer processor. The
 * functions are in libgcc.a (clang uses it too), hidden, and the linker copies those that are used into
 * each object. So a patch that is the first to divide calls a function that is nowhere in the process.
 *
 * They are brought as a linker would: those that are wanted are linked with `-r` out of the archive that
 * the unit's own compiler names, and the result is one more unit, of which the original had nothing. All
 * of it is new code then: found by reference, hidden, with its unwind records. What the object has is not
 * taken a second time, as it is looked for there first.
 *
 * Two things are not in the archive as they are needed, and come from an assembly text of the target:
 * what the linker itself would have made, and a flag that a constructor sets at the start of a program,
 * for which it is too late.
 *
 * A function with a state that must be there once (the registry of unwind tables, emulated thread-local
 * storage) would get a second one, which is wrong. So code with writable data is not taken.
 */
#include "build/libgcc.h"
#include "base/log.h"
#include "elf/archive.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

struct libgcc {
	char *archive;		/* NULL: the compiler names none */
	char *own;		/* object of the target's text, NULL: it has none */
	char *none;		/* an object without anything */
	struct strvec names;
};

static const struct unit *first_unit(const struct build *b)
{
	return b->compiled.n ? b->compiled.v[0].unit : NULL;
}

/* The compiler with the flags that choose a machine, and nothing of the program's own. */
static void start_argv(const struct unit *u, struct strvec *argv)
{
	static const char *const keep[] = {"-m", "--sysroot", "--target=", "-B", "--gcc-toolchain", "-specs"};

	strvec_push(argv, u->compiler);
	for (size_t i = 0; i < u->args.n; i++) {
		const char *w = u->args.v[i];

		for (size_t k = 0; k < ARRAY_SIZE(keep); k++)
			if (str_starts(w, keep[k])) {
				strvec_push(argv, w);
				break;
			}
		if (!strcmp(w, "-target") && i + 1 < u->args.n) {
			strvec_push(argv, w);
			strvec_push(argv, u->args.v[++i]);
		}
	}
}

static int run(const struct build *b, struct strvec *argv, char **ret_output)
{
	const struct run_opts o = {.cwd = b->capture.work, .ret_output = ret_output,
				   .cancel = b->opts.cancel};

	return run_command(argv->v, &o);
}

static char *ask_archive(const struct build *b)
{
	struct strvec argv = {0};
	char *out = NULL;

	start_argv(first_unit(b), &argv);
	strvec_push(&argv, "-print-libgcc-file-name");
	if (run(b, &argv, &out) || !out || *out != '/') {
		free(out);
		out = NULL;
	}
	if (out)
		out[strcspn(out, "\n")] = '\0';
	strvec_free(&argv);
	return out;
}

/* Assembles @text. Fresh path of the object, or NULL. */
static char *assemble(const struct build *b, const char *name, const char *text)
{
	char *src = xasprintf("%s/%s.s", b->capture.work, name);
	char *obj = xasprintf("%s/%s.o", b->capture.work, name), *out = NULL;
	struct strvec argv = {0};

	start_argv(first_unit(b), &argv);
	strvec_push(&argv, "-c");
	strvec_push(&argv, "-o");
	strvec_push(&argv, obj);
	strvec_push(&argv, src);
	if (write_file(src, text, strlen(text)) || run(b, &argv, &out)) {
		log_debug("%s is not assembled: %s", src, out ? out : "");
		free(obj);
		obj = NULL;
	}
	strvec_free(&argv);
	free(out);
	free(src);
	return obj;
}

static void add_names(const char *path, struct strvec *ret)
{
	struct sut_err ignored = {0};
	struct elf_obj *o = path ? elf_obj_open(path, &ignored) : NULL;

	for (size_t s = 1; o && s < o->n_syms; s++)
		if (o->syms[s].bind == STB_GLOBAL && o->syms[s].shndx != SHN_UNDEF)
			strvec_push(ret, o->syms[s].name);
	elf_obj_free(o);
	sut_err_free(&ignored);
}

static struct libgcc *look(struct build *b)
{
	const char *text = b->objects[0]->target->own_helpers;
	struct libgcc *g = b->libgcc;

	if (g || !first_unit(b))
		return g;
	g = b->libgcc = xcalloc(1, sizeof(*g));
	g->archive = ask_archive(b);
	if (!g->archive || !archive_names(g->archive, &g->names))
		return g;
	g->own = text ? assemble(b, "libgcc-own", text) : NULL;
	add_names(g->own, &g->names);
	return g;
}

bool libgcc_has(struct build *b, const char *name)
{
	const struct libgcc *g = look(b);

	return g && strvec_has(&g->names, name);
}

static char *link_members(const struct build *b, const struct libgcc *g, size_t k,
			  const struct strvec *names, struct sut_err *err)
{
	char *obj = xasprintf("%s/libgcc-%zu.o", b->capture.work, k), *out = NULL;
	struct strvec argv = {0};

	start_argv(first_unit(b), &argv);
	strvec_push(&argv, "-r");
	strvec_push(&argv, "-nostdlib");
	strvec_push(&argv, "-o");
	strvec_push(&argv, obj);
	for (size_t i = 0; i < names->n; i++)
		strvec_pushf(&argv, "-Wl,-u,%s", names->v[i]);
	if (g->own)
		strvec_push(&argv, g->own);
	strvec_push(&argv, g->archive);
	if (run(b, &argv, &out)) {
		sut_fail(err, SUT_E_TOOL, g->archive, "'%s' cannot be linked out of it:\n%s", names->v[0],
			 out ? out : "");
		free(obj);
		obj = NULL;
	}
	strvec_free(&argv);
	free(out);
	return obj;
}

static int check_state(const struct elf_obj *o, const struct strvec *names, struct sut_err *err)
{
	for (size_t s = 1; s < o->n_secs; s++) {
		const struct elf_sec *x = &o->secs[s];

		if (!(x->flags & SHF_ALLOC) || !(x->flags & SHF_WRITE) || !x->size ||
		    str_starts(x->name, ".data.rel.ro"))
			continue;
		sut_fail(err, SUT_B_UNDEFINED, names->v[0], "the compiler's library has it, but with data of its "
			 "own in '%s', of which there must not be two", x->name);
		return sut_fail_remedy(err, "write the patch without it");
	}
	return 0;
}

struct build_unit *libgcc_take(struct build *b, size_t k, const struct strvec *names, struct sut_err *err)
{
	struct diff_opts dopts = {.source = "libgcc.a", .ctx = b, .all_new = true};
	struct libgcc *g = look(b);
	struct build_unit *u;
	char *path;

	if (!g->none)
		g->none = assemble(b, "libgcc-none", "libgcc_none = 0\n");
	path = g->none ? link_members(b, g, k, names, err) : NULL;
	if (!path)
		return NULL;
	if (!b->members)
		b->members = xcalloc(b->n_objects, sizeof(*b->members));
	u = &b->members[b->n_members++];
	u->source = "libgcc.a";
	u->proofs = xcalloc(b->n_objects, sizeof(*u->proofs));
	u->orig = target_obj_open(g->none, err);
	u->new = target_obj_open(path, err);
	free(path);
	if (!u->orig || !u->new || check_state(u->new, names, err) < 0)
		return NULL;
	u->diff = diff_unit_compare(u->orig, u->new, &dopts, err);
	if (!u->diff || u->new->machine != b->objects[k]->o->machine)
		return NULL;
	u->proofs[k] = prove_unit_run(b->objects[k], u->orig, u->diff->orig_refs);
	return u;
}

void libgcc_free(struct libgcc *g)
{
	if (!g)
		return;
	free(g->archive);
	free(g->own);
	free(g->none);
	strvec_free(&g->names);
	free(g);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The driver of `build --kernel`, up to the proof.
 *
 * Everything hangs on one file, the kernel's image: its banner says the release and the version of the
 * source, and beside it lie configuration, headers and modules. Then: prepared tree, both versions of what the
 * patches affect, comparison, and the proof that the originals are what the image and the modules are made of.
 * Every stage collects all of its reasons.
 */
#include "kernel/kbuild.h"
#include "base/log.h"
#include "build/proofs.h"
#include "kernel/explicit.h"
#include "kernel/layout.h"
#include "kernel/modtree.h"
#include "kernel/names.h"
#include "kernel/others.h"
#include "kernel/refuse.h"
#include "kernel/symvers.h"
#include "kernel/module.h"
#include "kernel/special.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

static bool is_edited(void *ctx, const char *file, int from, int to)
{
	const struct kbuild *kb = ctx;

	return edits_touch(&kb->patches.edits, file, from, to);
}

static bool is_word(const char *text, const char *at, size_t n)
{
	static const char rest[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

	return (at == text || !strchr(rest, at[-1])) && (!at[n] || !strchr(rest, at[n]));
}

/* Units are not compiled to see which symbols they use: that their text has the name is enough. */
static bool has_outside_users(void *ctx, const char *name)
{
	const struct kbuild *kb = ctx;
	size_t len = strlen(name);
	bool found = false;

	for (size_t i = 0; i < kb->tree->units.n && !found; i++) {
		const char *o = kb->tree->units.v[i];
		char *rel = xasprintf("%.*s.c", (int)strlen(o) - 2, o), *path = path_join(kb->tree->src, rel);
		bool affected = false;
		uint8_t *text;
		size_t n;

		for (size_t k = 0; k < kb->n_units; k++)
			affected |= !strcmp(kb->units[k].source, rel);
		if (!affected && read_file(path, &text, &n) == 0) {
			const char *at = (const char *)text;

			for (; !found && (at = strstr(at, name)); at += len)
				found = is_word((char *)text, at, len);
			free(text);
		}
		free(rel);
		free(path);
	}
	return found;
}

/* --- what belongs to the kernel --- */

static char *release_of(const char *banner)
{
	static const char start[] = "Linux version ";

	return banner && str_starts(banner, start) ?
		       xstrndup(banner + strlen(start), strcspn(banner + strlen(start), " ")) : NULL;
}

/* The first of the paths that is there: fresh, or NULL. */
static char *first_of(char *const paths[], size_t n)
{
	char *hit = NULL;

	for (size_t i = 0; i < n; i++) {
		if (!hit && paths[i] && file_exists(paths[i]))
			hit = xstrdup(paths[i]);
		free(paths[i]);
	}
	return hit;
}

static int find_image(struct kbuild *kb, struct sut_err *err)
{
	struct utsname un;
	const char *rel = kb->opts.release;
	char *path;
	struct kimage *k;
	struct kbuild_object *ob;

	if (!rel && !kb->opts.vmlinuz && uname(&un) == 0)
		rel = un.release;
	path = kb->opts.vmlinuz ? xstrdup(kb->opts.vmlinuz) :
				  first_of((char *[]){xasprintf("/boot/vmlinuz-%s", rel),
						      xasprintf("/boot/vmlinux-%s", rel),
						      xasprintf("/lib/modules/%s/vmlinuz", rel)}, 3);
	if (!path)
		return sut_fail(err, SUT_K_NO_IMAGE, rel, "there is no /boot/vmlinuz-%s", rel);
	k = kimage_open(path, err);
	if (!k) {
		free(path);
		return -1;
	}
	kb->machine = k->machine;
	kb->banner = k->banner ? xstrdup(k->banner) : NULL;
	kb->release = release_of(k->banner);
	if (k->build_id) {
		kb->build_id = xmemdup(k->build_id, k->build_id_size);
		kb->build_id_size = k->build_id_size;
	}
	ob = VEC_PUSH(kb->objects, kb->n_objects, kb->cap_objects);
	ob->name = xstrdup("vmlinux");
	ob->path = path;
	ob->image = k;
	if (!kb->release)
		return sut_fail(err, SUT_K_IMAGE, path, "it does not say its version");
	if (kb->opts.release && strcmp(kb->opts.release, kb->release))
		return sut_fail(err, SUT_K_VERSION, path, "it is %s, not %s", kb->release, kb->opts.release);
	return 0;
}

/* Folders that were unpacked from packages have the same shape as the root folder. */
static char *root_of(const struct kbuild *kb)
{
	char *real = realpath(kb->objects[0].path, NULL), *slash = real ? strrchr(real, '/') : NULL;

	if (slash) {
		*slash = '\0';
		slash = strrchr(real, '/');
	}
	if (slash)
		*slash = '\0';
	return real ? real : xstrdup("");
}

static int find_rest(struct kbuild *kb, char **ret_config, struct sut_err *err)
{
	char *root = root_of(kb);
	const char *rel = kb->release;

	kb->headers = kb->opts.headers ? xstrdup(kb->opts.headers) :
					 first_of((char *[]){xasprintf("%s/usr/src/linux-headers-%s", root, rel),
							     xasprintf("/lib/modules/%s/build", rel),
							     xasprintf("/usr/src/linux-headers-%s", rel)}, 3);
	kb->modules = kb->opts.modules ? xstrdup(kb->opts.modules) :
					 first_of((char *[]){xasprintf("%s/lib/modules/%s", root, rel),
							     xasprintf("/lib/modules/%s", rel)}, 2);
	/* The headers have it, too, and a module is built with theirs. */
	*ret_config = kb->opts.config ? xstrdup(kb->opts.config) :
					first_of((char *[]){kb->opts.module_source && kb->headers ?
								    path_join(kb->headers, ".config") : NULL,
							    xasprintf("%s/boot/config-%s", root, rel),
							    xasprintf("/boot/config-%s", rel),
							    xasprintf("/lib/modules/%s/config", rel)}, 4);
	kb->symvers = symvers_read(kb->headers);
	free(root);
	if (!*ret_config)
		return sut_fail(err, SUT_K_CONFIG, rel, "its configuration is not found");
	return 0;
}

/* "6.1.176" must stand in the banner as a word of its own: as the release, or as Debian's version. */
static int check_version(const struct kbuild *kb, struct sut_err *err)
{
	char *v = ktree_version(kb->opts.source, err);
	const char *at = kb->banner;
	size_t n = v ? strlen(v) : 0;
	bool same = false;

	if (!v)
		return -1;
	for (; !same && (at = strstr(at, v)); at += n)
		same = (at == kb->banner || at[-1] == ' ') && (at[n] < '0' || at[n] > '9') && at[n] != '.';
	if (!same)
		sut_fail(err, SUT_K_VERSION, kb->opts.source, "it is Linux %s, and the kernel says '%s'", v,
			 kb->banner);
	free(v);
	return same ? 0 : -1;
}

int kbuild_need_headers(const struct kbuild *kb, struct sut_err *err)
{
	return kb->headers ? 0 : sut_fail(err, SUT_K_MAKE, kb->release,
					  "no folder to build modules in was found (--headers)");
}

/* By what modules that are built with them have as theirs. */
static int check_headers(const struct kbuild *kb, struct sut_err *err)
{
	char *path, *want;
	uint8_t *text;
	size_t n;
	int r = 0;

	if (kbuild_need_headers(kb, err) < 0)
		return -1;
	path = path_join(kb->headers, "include/generated/utsrelease.h");
	want = xasprintf(" \"%s\"", kb->release);
	if (read_file(path, &text, &n) < 0) {
		r = sut_fail(err, SUT_K_MAKE, path, "%s", strerror(errno));
	} else {
		if (!strstr((char *)text, want))
			r = sut_fail(err, SUT_K_VERSION, kb->headers, "these headers are not of %s", kb->release);
		free(text);
	}
	free(want);
	free(path);
	return r;
}

static int open_tree(struct kbuild *kb, const char *config, struct sut_err *err)
{
	const struct kbuild_opts *o = &kb->opts;
	bool module = o->module_source != NULL;
	struct ktree_opts to = {.source = module ? o->module_source : o->source, .headers = module ? kb->headers : NULL,
				.make = o->make, .config = config, .work = o->work,
				.release = kb->release, .machine = kb->machine, .cross = o->cross, .cc = o->cc, .jobs = o->jobs,
				.cancel = o->cancel};
	const char *lp;

	if ((module ? check_headers(kb, err) : check_version(kb, err)) < 0)
		return -1;
	kb->tree = ktree_open(&to, err);
	if (!kb->tree)
		return -1;
	lp = ktree_config(kb->tree, "LIVEPATCH");
	kb->livepatch = lp && !strcmp(lp, "y");
	return 0;
}

/* --- objects --- */

/* Is @path "kernel/fs/ext4/ext4.ko", compressed or not, module @name? Minus signs count as underscores. */
static bool is_module_path(const char *path, size_t len, const char *name)
{
	const char *base = memrchr(path, '/', len);
	size_t n = strlen(name);

	base = base ? base + 1 : path;
	if ((size_t)(path + len - base) < n + 3 || memcmp(base + n, ".ko", 3))
		return false;
	for (size_t i = 0; i < n; i++)
		if (base[i] != name[i] && !(base[i] == '-' && name[i] == '_'))
			return false;
	return true;
}

static void find_module(void *ctx, const char *dir, const char *rel)
{
	char **v = ctx; /* the name, and where the result goes */

	if (!v[1] && is_module_path(rel, strlen(rel), v[0]))
		v[1] = path_join(dir, rel);
}

/*
 * Packages that are only unpacked have no list of their modules yet. A module of another source may lie anywhere,
 * and is taken before one of the kernel's of the same name, as modprobe does it.
 */
char *kbuild_module_file(const struct kbuild *kb, const char *name)
{
	static const char *const outside[] = {"updates", "extra", ""}, *const inside[] = {"kernel", ""};
	const char *const *dirs = kb->opts.module_source ? outside : inside;
	const char *const *given = kb->opts.objects;
	char *v[2] = {(char *)name, NULL};

	for (size_t i = 0; given && given[i]; i++)
		if (is_module_path(given[i], strlen(given[i]), name))
			return xstrdup(given[i]);
	for (size_t i = 0; kb->modules && !v[1]; i++) {
		char *dir = path_join(kb->modules, dirs[i]);

		if (file_exists(dir))
			tree_walk(dir, find_module, v);
		free(dir);
		if (!*dirs[i])
			break;
	}
	return v[1];
}

/* Where the module was built is known before anything of it is compiled. */
static int find_place(struct kbuild *kb, struct sut_err *err)
{
	for (size_t i = 0; i < kb->tree->modules.n; i++) {
		char *name = xasprintf("%.*s", (int)strlen(kb->tree->modules.v[i]) - 3, kb->tree->modules.v[i]);
		char *path = kbuild_module_file(kb, name);
		size_t n;
		uint8_t *p = path ? kimage_read_module(path, &n, err) : NULL;

		if (p)
			modtree_find_place(kb->tree, p, n);
		free(p);
		free(path);
		free(name);
	}
	return err->n ? -1 : modtree_settle(kb->tree, err);
}

static struct prove_object *prove_object_of(const struct kimage *k, const char *path, struct sut_err *err)
{
	struct elf_obj *o = target_obj_open_mem(path, xmemdup(k->elf, k->elf_size), k->elf_size, err);
	struct prove_object *po = o ? prove_object_from(o, err) : NULL;

	if (po)
		prove_object_use_names(po);
	return po;
}

static int open_module(struct kbuild *kb, const struct kunit *c, size_t *ret, struct sut_err *err)
{
	char *name = xstrdup(c->module), *path;
	struct kbuild_object *ob;

	for (*ret = 1; *ret < kb->n_objects; ++*ret)
		if (!strcmp(kb->objects[*ret].name, name)) {
			free(name);
			return 0;
		}
	path = kbuild_module_file(kb, name);
	if (!path) {
		sut_fail(err, SUT_K_MODULE, name, "'%s' is part of it, and there is no such file below %s", c->source,
			 kb->modules ? kb->modules : "/lib/modules/RELEASE");
		free(name);
		return -1;
	}
	ob = VEC_PUSH(kb->objects, kb->n_objects, kb->cap_objects);
	ob->name = name;
	ob->path = path;
	ob->image = kimage_open_module(path, err);
	return ob->image ? 0 : -1;
}

static int open_objects(struct kbuild *kb, struct sut_err *err)
{
	size_t before = err->n;

	for (size_t i = 0; i < kb->n_objects; i++) {
		struct kbuild_object *ob = &kb->objects[i];

		if (ob->image && !ob->po)
			ob->po = prove_object_of(ob->image, ob->path, err);
		if (ob->po) {
			free(ob->po->name);
			ob->po->name = xstrdup(ob->name);
			if (ob->image->gp)
				ob->po->gp = ob->image->gp;
		}
	}
	return err->n > before ? -1 : 0;
}

/* --- units --- */

static void settle(struct elf_obj *o)
{
	explicit_branches(o);
	special_settle(o);
}

static int open_unit(struct kbuild *kb, const struct kunit *c, struct kbuild_unit *u, struct sut_err *err)
{
	u->source = c->source;
	u->orig_path = xstrdup(c->orig);
	u->new_path = xstrdup(c->patched);
	u->orig = target_obj_open(c->orig, err);
	u->new = target_obj_open(c->patched, err);
	if (c->proof)
		u->proof = target_obj_open(c->proof, err);
	if (!u->orig || !u->new || (c->proof && !u->proof))
		return -1;
	settle(u->orig);
	settle(u->new);
	if (u->proof)
		settle(u->proof);
	return c->module ? open_module(kb, c, &u->object, err) : 0;
}

static void compare_unit(struct kbuild *kb, struct kbuild_unit *u, struct sut_err *err)
{
	struct diff_opts o = {.source = u->source, .is_edited = is_edited, .ctx = kb,
			      .has_outside_users = has_outside_users,
			      .accept_layouts = kb->opts.accept_layouts,
			      .section_role = special_diff_role};
	struct sut_err own = {0};

	u->diff = diff_unit_compare(u->orig, u->new, &o, &own);
	if (u->diff) {
		special_compare(u->diff, u->source, &own);
		lists_check(u->diff, u->source, &own);
		carry_untraced(u);
	}
	/* Units that share a header say the same of it. */
	sut_err_move_new(err, &own);
}

static int compare(struct kbuild *kb, struct sut_err *err)
{
	size_t before = err->n;

	for (size_t i = 0; i < kb->n_units; i++)
		compare_unit(kb, &kb->units[i], err);
	return err->n > before ? -1 : 0;
}

static void prove(struct kbuild *kb)
{
	for (size_t i = 0; i < kb->n_units; i++) {
		struct kbuild_unit *u = &kb->units[i];
		const struct prove_object *po = kb->objects[u->object].po;

		if (!u->diff || !po)
			continue;
		u->proof_refs = proof_refs(u->proof ? u->proof : u->orig, po->target);
		if (u->proof)
			u->to_proof = proof_map(u->orig, u->proof);
		u->pu = prove_unit_run(po, u->proof ? u->proof : u->orig, u->proof_refs);
		names_check(kb->objects[u->object].image, u->pu);
		kb->n_proved += u->pu->n_found;
		kb->n_functions += u->pu->n_funcs;
		for (size_t k = 0; k < u->pu->n_funcs && log_wants(LOG_DEBUG); k++)
			if (u->pu->funcs[k].state != PROVE_FOUND)
				log_debug("%s: %s is not found in %s (%zu places)", u->source,
					  u->pu->orig->syms[u->pu->funcs[k].sym].name, po->name,
					  u->pu->funcs[k].n_cands);
	}
}

static int compile(struct kbuild *kb, struct sut_err *err)
{
	size_t before = err->n;

	if (kunits_compile(kb->tree, &kb->patches, &kb->compiled, err) < 0)
		return -1;
	for (size_t i = 0; i < kb->compiled.not_compiled.n; i++)
		strvec_push(&kb->not_compiled, kb->compiled.not_compiled.v[i]);
	if (!kb->compiled.n)
		return kunits_none(kb, err);
	for (size_t i = 0; i < kb->compiled.n; i++)
		open_unit(kb, &kb->compiled.v[i], VEC_PUSH(kb->units, kb->n_units, kb->cap_units), err);
	return err->n > before ? -1 : 0;
}

static int run(struct kbuild *kb, struct sut_err *err)
{
	uint64_t t = now_ns();
	char *config = NULL;
	size_t n = 0;
	int r;

	while (kb->opts.patches[n])
		n++;
	if (find_image(kb, err) < 0)
		return -1;
	r = find_rest(kb, &config, err);
	if (!r)
		r = open_tree(kb, config, err);
	free(config);
	kb->prepare_ns = now_ns() - t;
	if (r < 0 || module_put_header(kb->tree, err) < 0 || (kb->tree->headers && find_place(kb, err) < 0) ||
	    patch_set_read((char *const *)kb->opts.patches, n, kb->tree->source, &kb->patches, err) < 0)
		return -1;
	t = now_ns();
	r = compile(kb, err);
	kb->compile_ns = now_ns() - t;
	if (r < 0)
		return -1;
	t = now_ns();
	r = compare(kb, err);
	kb->compare_ns = now_ns() - t;
	t = now_ns();
	if (open_objects(kb, err) < 0 || (kb->tree->headers && others_read(kb, err) < 0))
		return -1;
	prove(kb);
	started_leave(kb);
	r |= kbuild_refuse(kb, err);
	kb->prove_ns = now_ns() - t;
	return r;
}

int kbuild_run(struct kbuild *kb, const struct kbuild_opts *opts, struct sut_err *err)
{
	memset(kb, 0, sizeof(*kb));
	kb->opts = *opts;
	return run(kb, err);
}

/* The object that was proved remains, and what is known by it. */
static int open_again(struct kbuild_unit *u, const struct kunit *c, struct sut_err *err)
{
	struct elf_obj *orig = target_obj_open(c->orig, err), *new = target_obj_open(c->patched, err);

	if (!orig || !new) {
		elf_obj_free(orig);
		elf_obj_free(new);
		return -1;
	}
	settle(orig);
	settle(new);
	diff_unit_free(u->diff);
	u->diff = NULL;
	elf_obj_free(u->new);
	if (u->proof)
		elf_obj_free(u->orig);
	else
		u->proof = u->orig;
	u->orig = orig;
	u->new = new;
	u->reads_keys = true;
	free(u->orig_path);
	free(u->new_path);
	u->orig_path = xstrdup(c->orig);
	u->new_path = xstrdup(c->patched);
	free(u->to_proof);
	u->to_proof = proof_map(u->orig, u->proof);
	return 0;
}

int kbuild_read_keys(struct kbuild *kb, const bool *chosen, struct sut_err *err)
{
	struct kunits again = {0};
	size_t before = err->n, n = 0;
	uint64_t t = now_ns();

	for (size_t i = 0; i < kb->n_units; i++)
		if (chosen[i])
			VEC_PUSH(again.v, again.n, again.cap)->source = xstrdup(kb->units[i].source);
	if (!kunits_compile_keys(kb->tree, &kb->patches, &again, err))
		for (size_t i = 0; i < kb->n_units; i++)
			if (chosen[i] && !open_again(&kb->units[i], &again.v[n++], err))
				compare_unit(kb, &kb->units[i], err);
	kunits_free(&again);
	kb->compile_ns += now_ns() - t;
	started_leave(kb);
	return err->n > before ? -1 : kbuild_refuse(kb, err);
}

void kbuild_free(struct kbuild *kb)
{
	for (size_t i = 0; i < kb->n_units; i++) {
		struct kbuild_unit *u = &kb->units[i];

		prove_unit_free(u->pu);
		proof_refs_free(u->proof ? u->proof : u->orig, u->proof_refs);
		free(u->to_proof);
		diff_unit_free(u->diff);
		elf_obj_free(u->orig);
		elf_obj_free(u->new);
		elf_obj_free(u->proof);
		free(u->orig_path);
		free(u->new_path);
	}
	free(kb->units);
	for (size_t i = 0; i < kb->n_objects; i++) {
		prove_object_free(kb->objects[i].po);
		kimage_free(kb->objects[i].image);
		free(kb->objects[i].name);
		free(kb->objects[i].path);
	}
	free(kb->objects);
	kunits_free(&kb->compiled);
	ktree_free(kb->tree);
	patch_set_free(&kb->patches);
	symvers_free(kb->symvers);
	strvec_free(&kb->not_compiled);
	free(kb->release);
	free(kb->banner);
	free(kb->headers);
	free(kb->modules);
	free(kb->build_id);
	memset(kb, 0, sizeof(*kb));
}

const char *kbuild_object_name(const struct kbuild *kb, const struct kbuild_unit *u)
{
	return kb->objects[u->object].name;
}

const char *kbuild_config(const struct kbuild *kb, const char *name)
{
	return ktree_config(kb->tree, name);
}

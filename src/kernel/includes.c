// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A patched header changes every unit that includes it, and which these are only a full build knows for sure.
 * So the tree's #include lines are read, once for each prepared tree, into CACHE/kernel/KEY/includes:
 *
 *	fs/proc/array.c
 *	"internal.h
 *	<linux/types.h
 *
 * and followed backwards from the patched files. "internal.h" is looked for beside the includer first, as the
 * compiler does; what is not there, and <...>, means any file whose path ends so. Wrappers that kbuild
 * generates (asm/bug.h for asm-generic/bug.h) have no text here, so either name stands for both.
 */
#include "kernel/includes.h"
#include "base/log.h"

#include <stdlib.h>
#include <string.h>

struct inc_file {
	char *path;
	size_t first, n;	/* its lines */
	bool in;		/* includes a patched file, or is one */
};

struct index {
	struct inc_file *files;
	size_t n, cap;
	char **lines;		/* "\"internal.h" */
	size_t n_lines, cap_lines;
	char *text;		/* owns all strings */
};

static bool is_source(const char *rel)
{
	return str_ends(rel, ".c") || str_ends(rel, ".h") || str_ends(rel, ".S");
}

static void index_file(void *ctx, const char *dir, const char *rel)
{
	char *path;
	uint8_t *text;
	size_t n;
	bool any = false;

	if (!is_source(rel) || str_starts(rel, "tools/") || str_starts(rel, "samples/") ||
	    str_starts(rel, "Documentation/"))
		return;
	path = path_join(dir, rel);
	if (read_file(path, &text, &n) < 0) {
		free(path);
		return;
	}
	for (char *l = (char *)text; (l = strstr(l, "include"));) {
		char *at = l, *p = l + strlen("include");
		size_t len;

		l = p;
		while (at > (char *)text && (at[-1] == ' ' || at[-1] == '\t'))
			at--;
		p += strspn(p, " \t");
		if (at == (char *)text || at[-1] != '#' || (*p != '"' && *p != '<'))
			continue;
		len = strcspn(p + 1, "\">\n");
		if (!any)
			buf_addf(ctx, "%s\n", rel);
		any = true;
		buf_addf(ctx, "%.*s\n", (int)len + 1, p);
	}
	free(text);
	free(path);
}

static char *index_text(const struct ktree *t)
{
	char *path = path_join(t->dir, "includes");
	struct buf b = {0};
	uint8_t *text;
	size_t n;

	if (read_file(path, &text, &n) < 0) {
		log_info("reading which file includes which (once)");
		tree_walk(t->src, index_file, &b);
		buf_add(&b, NULL, 0);
		/* Not being able to keep it only costs time. */
		if (b.n)
			write_file(path, b.p, b.n);
		text = (uint8_t *)xstrndup((char *)b.p, b.n);
		buf_free(&b);
	}
	free(path);
	return (char *)text;
}

static void load(struct index *x, const struct ktree *t)
{
	char *save = NULL;

	x->text = index_text(t);
	for (char *l = strtok_r(x->text, "\n", &save); l; l = strtok_r(NULL, "\n", &save)) {
		if (*l == '"' || *l == '<') {
			if (!x->n)
				continue;
			*VEC_PUSH(x->lines, x->n_lines, x->cap_lines) = l;
			x->files[x->n - 1].n++;
		} else {
			*VEC_PUSH(x->files, x->n, x->cap) = (struct inc_file){l, x->n_lines, 0, false};
		}
	}
}

/* @dir_of's folder joined with @rel, without . and .. of its own. Fresh; NULL: it leads outside. */
static char *resolve(const char *dir_of, const char *rel)
{
	const char *slash = strrchr(dir_of, '/');
	char *dir = slash ? xstrndup(dir_of, (size_t)(slash - dir_of)) : xstrdup(""), *r;

	while (str_starts(rel, "../") || str_starts(rel, "./")) {
		if (rel[1] == '.') {
			char *up = strrchr(dir, '/');

			if (!*dir) {
				free(dir);
				return NULL;
			}
			*(up ? up : dir) = '\0';
		}
		rel = strchr(rel, '/') + 1;
	}
	r = *dir ? path_join(dir, rel) : xstrdup(rel);
	free(dir);
	return r;
}

static bool path_ends(const char *path, const char *tail)
{
	size_t n = strlen(path), m = strlen(tail);

	return n >= m && !strcmp(path + n - m, tail) && (n == m || path[n - m - 1] == '/');
}

struct set {			/* paths that count, by their last part */
	struct strvec v;
	struct strvec *by_base;	/* [hash] */
};
enum { HASHES = 4096 };

static size_t hash(const char *s)
{
	size_t h = 5381;

	for (; *s; s++)
		h = h * 33 + (uint8_t)*s;
	return h % HASHES;
}

static void set_add(struct set *s, const char *path)
{
	const char *generic = strstr(path, "include/asm-generic/");

	strvec_push(&s->v, path);
	strvec_push(&s->by_base[hash(path_base(path))], path);
	if (generic)
		strvec_pushf(&s->by_base[hash(path_base(path))], "include/asm/%s",
			     generic + strlen("include/asm-generic/"));
}

static bool exists(const struct ktree *t, const char *path)
{
	char *full = path_join(t->src, path);
	bool there = file_exists(full);

	free(full);
	return there;
}

static bool includes_one(const struct ktree *t, const struct set *s, const char *file,
			 const char *line)
{
	const struct strvec *same = &s->by_base[hash(path_base(line + 1))];
	const char *tail = line + 1;
	bool maybe = false;
	char *own;

	while (str_starts(tail, "../") || str_starts(tail, "./"))
		tail = strchr(tail, '/') + 1;
	for (size_t i = 0; i < same->n; i++)
		maybe |= path_ends(same->v[i], tail);
	if (!maybe || *line == '<')
		return maybe;
	own = resolve(file, line + 1);
	if (own && exists(t, own)) {
		maybe = false;
		for (size_t i = 0; i < same->n; i++)
			maybe |= !strcmp(same->v[i], own);
	}
	free(own);
	return maybe;
}

void includes_find(const struct ktree *t, char *const *files, struct strvec *ret)
{
	/* Every unit has these from its command line. */
	static const char *const all[] = {"include/linux/kconfig.h", "include/linux/compiler_types.h",
					  "include/linux/compiler-version.h"};
	struct index x = {0};
	struct set s = {.by_base = xcalloc(HASHES, sizeof(*s.by_base))};
	bool moved = true, everywhere = false;

	load(&x, t);
	for (size_t i = 0; files[i]; i++)
		set_add(&s, files[i]);
	while (moved) {
		moved = false;
		for (size_t i = 0; i < x.n; i++) {
			struct inc_file *f = &x.files[i];

			for (size_t k = 0; k < f->n && !f->in; k++)
				f->in = includes_one(t, &s, f->path, x.lines[f->first + k]);
			if (!f->in || strvec_has(&s.by_base[hash(path_base(f->path))], f->path))
				continue;
			set_add(&s, f->path);
			moved = true;
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(all); i++)
		everywhere |= strvec_has(&s.by_base[hash(path_base(all[i]))], all[i]);
	for (size_t i = 0; i < x.n; i++) {
		const char *p = x.files[i].path;
		bool given = false;

		for (size_t k = 0; files[k]; k++)
			given |= !strcmp(files[k], p);
		if ((x.files[i].in || everywhere) && !given && (str_ends(p, ".c") || str_ends(p, ".S")) && ktree_has_unit(t, p))
			strvec_push(ret, p);
	}
	for (size_t i = 0; i < HASHES; i++)
		strvec_free(&s.by_base[i]);
	free(s.by_base);
	strvec_free(&s.v);
	free(x.files);
	free(x.lines);
	free(x.text);
}

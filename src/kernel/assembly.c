// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A patched header may be included by assembly, too, which is not replaced: the half of the fix that is there would be
 * missing without a word. Most of such headers declare things for C, which assembly does not see. So what both versions
 * of each such unit are made of is compared, as the preprocessor leaves it ("make X.s"). It is not assembled: some
 * units contain what only a whole build makes.
 *
 * The same goes for constants that kbuild computes from C (asm-offsets.h), which assembly gets that way. The folder with
 * them was copied before the patched source was put in its place (swap.c).
 */
#include "kernel/assembly.h"
#include "base/log.h"
#include "kernel/units.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *result_of(const char *out, const char *unit)
{
	return xasprintf("%s/%.*s.s", out, (int)strlen(unit) - 2, unit);
}

/* Without lines that say where what follows is from, and empty ones. */
static char *text_of(const char *path)
{
	struct buf b = {0};
	uint8_t *text;
	char *save = NULL;
	size_t n;

	if (read_file(path, &text, &n) < 0)
		return xstrdup("");
	for (char *l = strtok_r((char *)text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (l[0] != '#' || l[1] != ' ' || !isdigit((unsigned char)l[2]))
			buf_addf(&b, "%s\n", l);
	free(text);
	buf_add(&b, NULL, 0);
	return b.p ? (char *)b.p : xstrdup("");
}

/* What make leaves of each is removed: it is of one version alone. */
static void preprocess(const struct strvec *units, const struct ktree *t, const char *out, struct strvec *ret_texts,
		       struct strvec *ret_cmds)
{
	struct strvec goals = {0};
	char *said = NULL;

	for (size_t i = 0; i < units->n; i++)
		strvec_pushf(&goals, "%.*s.s", (int)strlen(units->v[i]) - 2, units->v[i]);
	if (goals.n && ktree_make(t, out, t->flags, goals.v, NULL, &said))
		log_debug("assembly: %s", said ? said : "");
	for (size_t i = 0; i < units->n; i++) {
		char *path = result_of(out, units->v[i]), *text = text_of(path), *cmd = kunit_record(path);

		strvec_push(ret_texts, text);
		if (ret_cmds)
			strvec_push(ret_cmds, cmd ? cmd : "");
		unlink(path);
		free(cmd);
		free(text);
		free(path);
	}
	free(said);
	strvec_free(&goals);
}

void assembly_read(struct assembly *a, const struct ktree *t, const char *out, const struct strvec *patched)
{
	struct strvec units = a->units, texts = {0}, cmds = {0};

	memset(&a->units, 0, sizeof(a->units));
	preprocess(&units, t, out, &texts, &cmds);
	for (size_t i = 0; i < units.n; i++) {
		bool reads = false;

		for (size_t k = 0; k < patched->n; k++)
			if (kunit_reads(t, cmds.v[i], patched->v[k])) {
				if (!strvec_has(&a->includes, patched->v[k]))
					strvec_push(&a->includes, patched->v[k]);
				reads = true;
			}
		if (!*texts.v[i])
			log_warn("'%s' cannot be preprocessed: whether the patch changes it is not known", units.v[i]);
		if (!reads || !*texts.v[i])
			continue;
		strvec_push(&a->units, units.v[i]);
		strvec_push(&a->texts, texts.v[i]);
	}
	strvec_free(&units);
	strvec_free(&texts);
	strvec_free(&cmds);
}

static void check_generated(const struct ktree *t, const char *out, struct sut_err *err)
{
	static const char *const made[] = {"include/generated/asm-offsets.h", "include/generated/bounds.h",
					   "include/generated/timeconst.h", "arch/x86/kvm/kvm-asm-offsets.h"};

	for (size_t i = 0; i < ARRAY_SIZE(made); i++) {
		char *was = xasprintf("%s/backup/%s", t->dir, made[i]), *is = path_join(out, made[i]);
		uint8_t *a = NULL, *b = NULL;
		size_t n, m;

		if (!read_file(was, &a, &n) && !read_file(is, &b, &m) && (n != m || memcmp(a, b, n) != 0))
			sut_fail(err, SUT_B_GENERATED, made[i], "the patch changes what kbuild makes this header of, and assembly and "
				 "other units are made with it");
		free(a);
		free(b);
		free(was);
		free(is);
	}
}

int assembly_check(const struct assembly *a, const struct ktree *t, const char *out, struct sut_err *err)
{
	struct strvec texts = {0};
	size_t before = err->n;

	preprocess(&a->units, t, out, &texts, NULL);
	for (size_t i = 0; i < a->units.n; i++)
		if (strcmp(texts.v[i], a->texts.v[i]) != 0)
			sut_fail(err, SUT_B_ASM, a->units.v[i], "it is assembly, and includes what the patch changes");
	check_generated(t, out, err);
	strvec_free(&texts);
	return err->n > before ? -1 : 0;
}

void assembly_free(struct assembly *a)
{
	strvec_free(&a->units);
	strvec_free(&a->texts);
	strvec_free(&a->includes);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The core module for kernels without CONFIG_LIVEPATCH.
 *
 * Its sources (src/kernel/core) are part of this program, so that it needs no folder of its own to be found
 * in. They are compiled against the headers of the kernel that is patched, once for each prepared tree:
 *
 *	CACHE/kernel/KEY/core/	sources and what kbuild makes of them; "made" has the digest of sources and headers
 *
 * Patch modules are linked against its Module.symvers, so the kernel itself refuses to load one with a core
 * of another interface.
 */
#include "kernel/module.h"
#include "kernel/tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *name, *text;
} sources[] = {
#include "gen/core.inc"
};

const char *coremod_source(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		if (!strcmp(sources[i].name, name))
			return sources[i].text;
	return NULL;
}

char *coremod_dir(const struct kbuild *kb)
{
	return path_join(kb->tree->dir, "core");
}

/* What it is made of. The list of the kernel's symbols changes with each build of the kernel. */
static char *stamp(const struct kbuild *kb)
{
	char *symvers = path_join(kb->headers, "Module.symvers");
	struct stat st = {0};
	struct buf b = {0};
	uint8_t sum[SHA256_SIZE];

	if (stat(symvers, &st) < 0)
		st.st_size = -1;
	buf_addf(&b, "%s %lld %lld %s\n", kb->headers, (long long)st.st_size, (long long)st.st_mtime, kb->banner);
	for (size_t i = 0; i < ARRAY_SIZE(sources); i++)
		buf_addf(&b, "%s %zu\n%s", sources[i].name, strlen(sources[i].text), sources[i].text);
	sha256(b.p, b.n, sum);
	buf_free(&b);
	free(symvers);
	return hex_encode(sum, sizeof(sum));
}

static bool is_made(const char *dir, const char *want)
{
	char *made = path_join(dir, "made"), *ko = path_join(dir, CORE_MODULE ".ko");
	uint8_t *text;
	size_t n;
	bool same = false;

	if (file_exists(ko) && read_file(made, &text, &n) == 0) {
		same = !strcmp((char *)text, want);
		free(text);
	}
	free(made);
	free(ko);
	return same;
}

static int make(const struct kbuild *kb, const struct module_opts *opts, const char *dir, const char *sum,
		struct sut_err *err)
{
	char *made = path_join(dir, "made");
	int r = 0;

	if (remove_tree(dir) < 0 || mkdir_p(dir) < 0)
		r = sut_fail(err, SUT_E_IO, dir, "%s", strerror(errno));
	for (size_t i = 0; i < ARRAY_SIZE(sources) && !r; i++)
		r = module_put_file(dir, sources[i].name, sources[i].text, strlen(sources[i].text), err);
	if (!r)
		r = module_run_make(kb, opts, dir, err);
	if (!r && write_file(made, sum, strlen(sum)) < 0)
		r = sut_fail(err, SUT_E_IO, made, "%s", strerror(errno));
	free(made);
	return r;
}

int coremod_make(const struct kbuild *kb, const struct module_opts *opts, struct buf *ret_ko, struct sut_err *err)
{
	char *dir = coremod_dir(kb), *path = path_join(dir, CORE_MODULE ".ko"), *sum = stamp(kb);
	int r = is_made(dir, sum) ? 0 : make(kb, opts, dir, sum, err);

	free(sum);
	if (!r)
		r = module_take(path, NULL, kb, opts, ret_ko, err);
	free(path);
	free(dir);
	return r;
}

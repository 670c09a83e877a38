// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kmod.h"
#include "elf/elfobj.h"
#include "kernel/module.h"
#include "kernel/sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define CORE_SYSFS  "/sys/kernel/suture"
#define CORE_MODDIR "/sys/module/" CORE_MODULE

enum { UNLOAD_TRIES = 40, UNLOAD_US = 50000 };

bool kmod_unload(const char *module)
{
	for (int i = 0; i < UNLOAD_TRIES; i++) {
		if (syscall(SYS_delete_module, module, O_NONBLOCK) == 0 || errno == ENOENT)
			return true;
		if (errno != EAGAIN && errno != EBUSY && errno != EINTR)
			return false;
		usleep(UNLOAD_US);
	}
	return false;
}

int kmod_load(const struct patch_file *f, const char *subject, struct sut_err *err)
{
	int log = ksys_log_open(), r = (int)syscall(SYS_init_module, f->data, f->size, ""), e = errno;
	char *words = r ? ksys_log_read(log) : NULL;

	if (log >= 0)
		close(log);
	if (!r)
		return 0;
	sut_fail(err, e == EPERM ? SUT_K_PERMISSION : e == EKEYREJECTED ? SUT_K_UNSIGNED : SUT_K_LOAD, subject,
		 "%s: %s%s%s", f->name, strerror(e), words ? "; the kernel says: " : "", words ? words : "");
	free(words);
	errno = e;
	return -1;
}

char *kmod_name(char *path)
{
	char *name = (char *)path_base(path);

	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}

char *kmod_info(const struct elf_obj *o, const char *key)
{
	const struct elf_sec *s = elf_obj_sec(o, ".modinfo");
	const char *p = s ? (const char *)s->data : NULL, *end = p ? p + s->size : NULL;

	if (!p || !s->size || end[-1])
		return NULL;
	for (; p < end; p += strlen(p) + 1)
		if (str_starts(p, key))
			return xstrdup(p + strlen(key));
	return NULL;
}

/* ---- the core ---- */

static const struct patch_file *core_of(const struct patch *p)
{
	for (size_t i = 1; i < p->kernel->n_files; i++)
		if (!strcmp(p->kernel->files[i].name, CORE_MODULE ".ko"))
			return &p->kernel->files[i];
	return NULL;
}

/* "version=..." of a module file. Fresh, or NULL. */
static char *version_in(const struct patch_file *f)
{
	struct sut_err ignored = {0};
	struct elf_obj *o = elf_obj_open_mem(f->name, xmemdup(f->data, f->size), f->size, &ignored);
	char *version = o ? kmod_info(o, "version=") : NULL;

	elf_obj_free(o);
	sut_err_free(&ignored);
	return version;
}

/* Fresh, or NULL where no core is loaded. */
static char *version_loaded(void)
{
	uint8_t *text;
	size_t n;

	if (!ksys_module_loaded(CORE_MODULE))
		return NULL;
	if (read_file(CORE_MODDIR "/version", &text, &n) < 0)
		return xstrdup("unknown");
	text[strcspn((char *)text, "\n")] = '\0';
	return (char *)text;
}

static bool has_patches(void)
{
	DIR *d = opendir(CORE_SYSFS);
	bool some = false;
	struct dirent *e;

	while (d && (e = readdir(d)))
		some |= e->d_name[0] != '.';
	if (d)
		closedir(d);
	return some;
}

static int other_core(const char *have, const char *want, struct sut_err *err)
{
	return sut_fail(err, SUT_K_CORE, CORE_MODULE, "version %s is loaded and has patches, and this one needs %s", have,
			want);
}

int kcore_check(const struct patch *p, struct sut_err *err)
{
	const struct patch_file *f = core_of(p);
	char *have = f ? version_loaded() : NULL, *want = have ? version_in(f) : NULL;
	int r = 0;

	if (have && (!want || strcmp(have, want)) && has_patches())
		r = other_core(have, want ? want : "none", err);
	free(have);
	free(want);
	return r;
}

int kcore_load(const struct patch *p, struct sut_err *err)
{
	const struct patch_file *f = core_of(p);
	char *have, *want;
	int r = 0;

	if (!f)
		return 0;
	have = version_loaded();
	want = version_in(f);
	if (have && (!want || strcmp(have, want))) {
		if (has_patches() || !kmod_unload(CORE_MODULE))
			r = other_core(have, want ? want : "none", err);
		free(have);
		have = NULL;
	}
	/* Another command may have been faster. */
	if (!r && !have) {
		struct sut_err own = {0};

		r = kmod_load(f, p->name, &own);
		if (r < 0 && errno == EEXIST)
			r = 0;
		else
			sut_err_move_new(err, &own);
		sut_err_free(&own);
	}
	free(have);
	free(want);
	return r;
}

void kcore_set_deadline(uint64_t ns)
{
	char *text = xasprintf("%llu", (unsigned long long)MIN(ns / 1000000, (uint64_t)UINT32_MAX / 2));
	int fd = open(CORE_MODDIR "/parameters/deadline_ms", O_WRONLY | O_CLOEXEC);

	/* Without it the core's own counts, which only is shorter. */
	if (fd >= 0) {
		if (write(fd, text, strlen(text)) < 0)
			errno = 0;
		close(fd);
	}
	free(text);
}

void kcore_drop(void)
{
	if (ksys_module_loaded(CORE_MODULE) && !has_patches())
		syscall(SYS_delete_module, CORE_MODULE, O_NONBLOCK);
}

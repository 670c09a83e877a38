// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A function whose caller is in its own module, and references to what that module does not export: a static
 * function, static data. On ppc64le the caller goes on with a r2 that somebody has to put back.
 */
#include <linux/elf.h>

#include "patch.h"
#include "victim.h"

/* Filled in by the core: the table of references is as a build would make it. */
static int (*hidden)(int a);
static int *secret;

static const char *new_plain(void)
{
	return "new";
}

static int new_secret(void)
{
	return *secret * 1000 + hidden(3);
}

#ifdef CONFIG_64BIT
#ifdef CONFIG_ARM64
#define ABS R_AARCH64_ABS64
#else
#define ABS R_PPC64_ADDR64
#endif
#else
#define ABS R_ARM_ABS32
#endif

static struct suture_func funcs[] = { FUNC(victim_plain, new_plain), FUNC(victim_secret, new_secret), {} };
static const struct suture_reloc relocs[] = {
	{ .where = &hidden, .type = ABS, .name = "victim_hidden", .object = "victim", .sympos = 1 },
	/* Loaded, a module may have no names of data; being loaded, it has no sections. */
	{ .where = &secret, .type = ABS, .name = "secret", .object = "victim", .section = ".victim.secret" },
};
static struct suture_object objs[] = {
	{ .name = "victim", .funcs = funcs, .relocs = relocs, .nr_relocs = ARRAY_SIZE(relocs) }, {}
};
PATCH_MODULE(objs);

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Modules of the kernel that runs: loaded and unloaded, and the core that patches need where it has no livepatch. */
#ifndef SUTURE_KERNEL_KMOD_H
#define SUTURE_KERNEL_KMOD_H

#include "base/err.h"
#include "elf/elfobj.h"
#include "patch/patch.h"

/* -1 with the kernel's own words where it said any. */
int kmod_load(const struct patch_file *f, const char *subject, struct sut_err *err);
/* Waits two seconds for its last user. True: it is not there any more. Else errno says why. */
bool kmod_unload(const char *module);

/* "fs/nfs_common/nfs-acl" is nfs_acl, as /sys/module has it: the last part of @path, which is changed in place. */
char *kmod_name(char *path);

/* What a module says of itself (modinfo) behind @key, as "version=". Fresh, or NULL. */
char *kmod_info(const struct elf_obj *o, const char *key);

/* Is another core loaded, which cannot be replaced? Then -1 with K_CORE. 0 where @p needs none. */
int kcore_check(const struct patch *p, struct sut_err *err);
/* Loads the core that @p carries, or takes the one that is there. 0 where @p needs none. */
int kcore_load(const struct patch *p, struct sut_err *err);
/* How long the core goes on with a change that nobody follows any more. */
void kcore_set_deadline(uint64_t ns);
/* Unloads it where no patch is left. That it cannot be is no error: somebody else uses it. */
void kcore_drop(void);

#endif

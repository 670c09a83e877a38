/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What speaks against a kernel patch although its units compile and compare. */
#ifndef SUTURE_KERNEL_REFUSE_H
#define SUTURE_KERNEL_REFUSE_H

#include "kernel/kbuild.h"

/* started.c: functions of the start that only have a changed one inlined, which is patched elsewhere, do not count. */
void started_leave(struct kbuild *kb);
/* Functions that change and cannot be redirected, or are not what runs. -1 with all of them. */
int kbuild_refuse(const struct kbuild *kb, struct sut_err *err);
/* No unit of the kernel is affected: 0 where the patches touch no code at all; else -1 with K_UNIT. */
int kunits_none(const struct kbuild *kb, struct sut_err *err);

/* Is the memory of a section with this name given back when the kernel, or the module, has started? */
bool is_discarded(const char *sec, bool in_module);
/* Is there a record of the function tracer for [@sym]? It names a place at the function's beginning. */
bool has_site(const struct elf_obj *o, const struct elf_sym *sym);

/*
 * carry.c: changed functions that cannot be redirected and that only this unit calls become new ones, and their
 * callers changed ones. What this cannot be done for stays as it is.
 */
void carry_untraced(struct kbuild_unit *u);

#endif

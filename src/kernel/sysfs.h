/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel that runs, as /sys and /proc show it: who it is, its patches, the tasks of a transition. */
#ifndef SUTURE_KERNEL_SYSFS_H
#define SUTURE_KERNEL_SYSFS_H

#include "base/err.h"

struct krunning {
	char *release, *banner;	/* uname -r, /proc/version */
	uint16_t machine;	/* EM_* */
	uint8_t *build_id;	/* NULL: it shows none */
	size_t build_id_size;
	unsigned long taint;	/* /proc/sys/kernel/tainted */
	bool livepatch, core;	/* /sys/kernel/livepatch, /sys/kernel/suture are there */
};

struct ksys_func {
	char *object, *name;	/* "vmlinux", "cmdline_proc_show" */
	uint32_t sympos;	/* as the kernel counts: from 1 */
};

struct ksys_patch {		/* a patch that is loaded, of whomever */
	char *module;
	const char *core;	/* "livepatch" or "suture_core" */
	bool enabled, transition;
	bool off;		/* a module of ours that patches nothing any more */
	char *info;		/* JSON text that a module of ours carries, NULL: it is not ours */
	char *taint;		/* letters of /sys/module/X/taint: "OEK" */
	char *state;		/* /sys/module/X/initstate */
	struct ksys_func *funcs;
	size_t n_funcs, cap_funcs;
};

struct ksys_patches {
	struct ksys_patch *v;
	size_t n, cap;
};

struct ksys_task {		/* that has not changed over */
	pid_t pid, tid;
	char comm[32];
	char *func;		/* the function of the patch that it is in, NULL: not seen */
	struct strvec stack;	/* innermost first; empty where it may not be read */
};

struct ksys_tasks {
	struct ksys_task *v;
	size_t n, cap;
};

/* The kernel that runs. Never fails: what is not known is empty. */
void krunning_read(struct krunning *k);
void krunning_free(struct krunning *k);
/* Build-id of a module that is loaded. False: it is not loaded, or it shows none (then @ret_loaded is set). */
bool ksys_module_id(const char *module, uint8_t **ret, size_t *ret_n, bool *ret_loaded);
bool ksys_module_loaded(const char *module);
/* Every patch that is loaded. */
void ksys_patches_read(struct ksys_patches *p);
void ksys_patches_free(struct ksys_patches *p);
/* Reads the one of this module again. False: it is gone from sysfs. */
bool ksys_patch_look(const char *module, bool *ret_enabled, bool *ret_transition);
/* Writes to its "enabled". -1 with errno. */
int ksys_patch_enable(const char *module, bool on);
/* The tasks that a patch in transition waits for. */
void ksys_tasks_read(const struct ksys_patch *p, struct ksys_tasks *ret);
void ksys_tasks_free(struct ksys_tasks *t);
struct ksys_lookup {		/* one symbol that is looked for */
	const char *object, *name;
	uint32_t pos;		/* place among equal names, 0: there should be one */
	uint64_t addr;		/* of vmlinux: from _text, or from _stext where there is none */
	uint32_t n;		/* how many have the name */
	bool found;
};
/* Finds all in one pass over /proc/kallsyms. -1: the table may not be read. */
int ksys_symbols(struct ksys_lookup *v, size_t n);
/* What the kernel logs from now on: its last lines, as one text. NULL: nothing, or it may not be read. */
int ksys_log_open(void);
char *ksys_log_read(int fd);

#endif

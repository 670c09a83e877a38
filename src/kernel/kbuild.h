/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From diffs to proved kernel code: which units change, both versions of each as kbuild compiles them,
 * and where everything that they refer to is in the kernel that runs. Making a module of it comes after.
 */
#ifndef SUTURE_KERNEL_KBUILD_H
#define SUTURE_KERNEL_KBUILD_H

#include "build/diff/diff.h"
#include "build/prove.h"
#include "kernel/image.h"
#include "kernel/units.h"

struct kbuild_opts {
	const char *source;	/* the kernel's source tree; never written to */
	const char *module_source; /* in its place: source folder of a module that is built outside of it */
	const char *make;	/* of that: shell words that call make for it; NULL: "make" */
	const char *const *objects; /* of that: the .ko files that run; NULL-terminated, may be NULL: those in @modules */
	const char *vmlinuz;	/* NULL: looked for by release beside the headers and in /boot */
	const char *config;	/* NULL: likewise */
	const char *headers;	/* folder to build modules in; NULL: /lib/modules/RELEASE/build */
	const char *modules;	/* folder with the kernel's modules; NULL: /lib/modules/RELEASE */
	const char *release;	/* NULL: that of @vmlinuz, or of the kernel that runs */
	const char *const *patches; /* NULL-terminated */
	const char *work;	/* cache folder; NULL: the usual one */
	const char *cross;	/* CROSS_COMPILE; NULL: by the architecture of @vmlinuz */
	const char *cc;		/* compiler in place of the one of @cross; may be NULL */
	const char *const *accept_layouts; /* types; NULL-terminated, may be NULL */
	const volatile int *cancel; /* not zero: give up; may be NULL */
	int jobs;
};

/*
 * What the kernel that runs says of one symbol. Addresses are those of the image on disk: what counts is
 * the distance to _text (for vmlinux) or the section and offset in the .ko (for a module).
 */
struct kbuild_sym {
	const char *name;	/* in kallsyms; owned by the kbuild */
	const char *object;	/* "vmlinux" or the module that defines it */
	bool has_addr;		/* @offset is known */
	bool named;		/* kallsyms of that object has @name at this place */
	bool exported;		/* EXPORT_SYMBOL, by Module.symvers: an ordinary module may refer to it */
	bool gpl;		/* EXPORT_SYMBOL_GPL */
	bool absolute;		/* not moved with the kernel (variables per CPU, x86): @offset is its value */
	uint64_t offset;	/* vmlinux: from image->text, that is _text (arm64, arm: _stext, where kallsyms
				 * has no _text) */
	uint32_t sec;		/* module: index of the section in its .ko, and */
	uint64_t sec_offset;	/* the offset there */
	uint64_t size;		/* as kallsyms or the .ko says, 0: not known */
	uint32_t sympos;	/* as klp_func.old_sympos: 1-based place among equal names in order of
				 * kallsyms, 0: @name is unique in @object */
};

struct kbuild_object {		/* "vmlinux" or a module */
	char *name;		/* as /sys/module has it: "ext4", underscores */
	char *path;		/* of the file that was proved against */
	struct kimage *image;
	struct prove_object *po; /* the same laid out as linked */
	bool started;		/* what ran at its start has the original of what changes */
};

struct kbuild_unit {
	const char *source;	/* relative to the tree: "fs/proc/cmdline.c" */
	char *orig_path, *new_path; /* objects as kbuild left them, objtool and recordmcount included */
	struct elf_obj *orig, *new;
	struct diff_unit *diff;
	size_t object;		/* index into kbuild.objects */
	struct elf_obj *proof;	/* what is proved where that is not @orig; else NULL */
	struct ref **proof_refs;
	uint32_t *to_proof;	/* [symbol of orig] -> symbol of proof; NULL: they are the same */
	bool reads_keys;	/* @orig and @new were compiled as keys.h does it */
	struct prove_unit *pu;	/* of @proof, or of @orig */
};

struct kbuild {
	struct kbuild_opts opts;
	struct patch_set patches;
	struct ktree *tree;	/* prepared tree: paths, flags, compiler */
	char *release;		/* "6.1.0-50-amd64" */
	char *banner;		/* linux_banner: "Linux version 6.1.0-50-amd64 (debian..." */
	char *headers;		/* NULL: none were found */
	char *modules;		/* folder of its modules; NULL: none was found */
	struct symvers *symvers; /* private: what the headers' Module.symvers says, and others (others.h) */
	uint16_t machine;	/* EM_* */
	uint8_t *build_id;	/* of vmlinux; NULL: it has none */
	size_t build_id_size;
	bool livepatch;		/* CONFIG_LIVEPATCH=y */
	struct kbuild_object *objects; /* [0] is vmlinux */
	size_t n_objects, cap_objects;
	struct kbuild_unit *units; /* that the diffs affect and that are part of this kernel */
	size_t n_units, cap_units;
	struct strvec not_compiled; /* touched files of no configured unit */
	size_t n_proved, n_functions;
	struct kunits compiled;	/* private */
	uint64_t prepare_ns, compile_ns, compare_ns, prove_ns;
};

/*
 * 0 with all units compared and proved (none of them changed: nothing to do); -1 with every reason that was
 * found. What was found stays in @kb until kbuild_free().
 */
int kbuild_run(struct kbuild *kb, const struct kbuild_opts *opts, struct sut_err *err);
/*
 * Of the units that are @chosen ([units]) both versions are compiled and compared once more, so that they read their
 * keys and values of boot. As kbuild_run(), which has succeeded.
 */
int kbuild_read_keys(struct kbuild *kb, const bool *chosen, struct sut_err *err);
/* Was a folder to build modules in given, or found? Else -1 with K_MAKE. */
int kbuild_need_headers(const struct kbuild *kb, struct sut_err *err);
void kbuild_free(struct kbuild *kb);

/* What a symbol of u->orig is in the kernel. False where nothing is known of it. */
bool kbuild_orig_sym(const struct kbuild *kb, const struct kbuild_unit *u, uint32_t sym,
		     struct kbuild_sym *ret);
/*
 * The same for a symbol of u->new that is not to be carried: by its counterpart, or, where new code refers
 * to something that the original did not, by its name alone. False where it is not known or several have the
 * name and nothing decides: then @err has the reason (may be NULL).
 */
bool kbuild_new_sym(const struct kbuild *kb, const struct kbuild_unit *u, uint32_t sym,
		    struct kbuild_sym *ret, struct sut_err *err);
/* The one thing of this name in the unit's object. False: it has none or several. */
bool kbuild_named(const struct kbuild *kb, const struct kbuild_unit *u, const char *name, struct kbuild_sym *ret);
/* Has the kernel, a module by its exports, or the unit's own module something of this name? */
bool kbuild_knows(const struct kbuild *kb, const struct kbuild_unit *u, const char *name);
/* The file of a module (its name with underscores): fresh, or NULL where there is none. */
char *kbuild_module_file(const struct kbuild *kb, const char *name);
/* "vmlinux" or the module's name. */
const char *kbuild_object_name(const struct kbuild *kb, const struct kbuild_unit *u);
/* CONFIG_NAME of the kernel: "y", "m", a number or string; NULL: not set. */
const char *kbuild_config(const struct kbuild *kb, const char *name);

#endif

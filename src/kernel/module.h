/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From compared and proved units of the kernel to a patch module: what goes into it, what its code
 * refers to, and the module that the kernel's build system makes of it.
 */
#ifndef SUTURE_KERNEL_MODULE_H
#define SUTURE_KERNEL_MODULE_H

#include "elf/writer.h"
#include "kernel/kbuild.h"
#include "patch/patch.h"

/*
 * Something outside of the patch that the module loader cannot find by itself. In the object that is handed
 * to kbuild it is a symbol named MODULE_EXTERN_PREFIX and a number; what becomes of it is klp.c's concern.
 */
struct module_extern {
	struct kbuild_sym place; /* @place.name NULL: an address without a name, by @place.offset alone */
	size_t owner;		/* object whose code refers to it: index into kb->objects */
	uint32_t sym;		/* in the object */
};
/* In place of the name of a special section that our core hands to the kernel later. */
#define MODULE_JUMPS ".suture.jump_table"
#define MODULE_EXTERN_PREFIX ".suture.extern."
#define MODULE_EXTERNS ".suture.externs"

enum module_callback { CB_PRE_PATCH, CB_POST_PATCH, CB_PRE_UNPATCH, CB_POST_UNPATCH, CB_COUNT };

struct module_object {		/* an object that the patch changes */
	size_t object;		/* index into kb->objects */
	char *callbacks[CB_COUNT]; /* global name of the function in the module, NULL: none */
};

struct module_func {		/* a function that is replaced */
	size_t unit, object;	/* indices into kb->units, module_parts.objects */
	const struct diff_func *func;
	struct kbuild_sym place;
	char *alias;		/* global name of the new function in the module */
	uint64_t new_size;
};

struct module_state {
	uint64_t id;
	uint32_t version;
};

struct module_parts {
	struct elf_out out;	/* what kbuild links with the glue */
	struct module_object *objects;
	size_t n_objects, cap_objects;
	struct module_func *funcs;
	size_t n_funcs, cap_funcs;
	struct module_extern *externs;
	size_t n_externs, cap_externs;
	struct module_state *states;
	size_t n_states, cap_states;
	size_t *n_relocs;	/* [kb->objects]: set by relocs_write() */
	size_t n_jumps;		/* jump labels that our core hands to the kernel: likewise */
	bool replace;		/* set by the patched source */
	bool *late;		/* [kb->units]: its code has what this kernel cannot be given when the patch is
				 * loaded: nothing was linked, and kbuild_read_keys() is what helps */
	struct strvec new_funcs, new_data;
};

/* Chooses, copies and relocates. 0 with @ret->n_funcs 0 where no code changes, or with @ret->late; -1 with all reasons. */
int module_link(const struct kbuild *kb, struct module_parts *ret, struct sut_err *err);
void module_parts_free(struct module_parts *m);

struct module_opts {
	const char *name;	/* of the patch */
	const char *info;	/* JSON text that the module shows in sysfs; at most 3900 bytes */
	const char *key, *cert;	/* sign the module; NULL: do not */
	bool replace;
	const volatile int *cancel;
};
/* "suture_" and the patch's name in the letters that module names may have. Fresh. */
char *module_name(const char *patch);
/*
 * Makes the module: glue and parts through the headers' build system, then references to symbols that are not
 * exported as the kernel's livepatch loader wants them. Fresh bytes in @ret_ko. @kb has headers; so also below.
 */
int module_make(const struct kbuild *kb, struct module_parts *m, const struct module_opts *opts,
		struct buf *ret_ko, struct sut_err *err);

/* Puts suture/patch.h where the units of the tree find it. */
int module_put_header(const struct ktree *t, struct sut_err *err);
int module_put_file(const char *dir, const char *name, const void *data, size_t n, struct sut_err *err);
/* make modules in @dir, by the headers' build system. */
int module_run_make(const struct kbuild *kb, const struct module_opts *opts, const char *dir, struct sut_err *err);
/* Takes a module that kbuild made: without what only a debugger reads, finished for livepatch where @m is given,
 * signed where there is a key. Fresh bytes in @ret_ko. */
int module_take(const char *path, const struct module_parts *m, const struct kbuild *kb,
		const struct module_opts *opts, struct buf *ret_ko, struct sut_err *err);

/* klp.c: turns references to @m's externs into klp relocations. -1: K_MAKE, as some of them are gone. */
int klp_finish(struct elf_out *ko, const struct kbuild *kb, const struct module_parts *m, struct sut_err *err);

/*
 * Kernels without livepatch.
 *
 * coremod.c: the core module, made of the sources that this program carries, for the kernel of @kb. Fresh bytes in
 * @ret_ko; its sources and its Module.symvers are then in coremod_dir() (fresh).
 */
#define CORE_MODULE "suture_core"
int coremod_make(const struct kbuild *kb, const struct module_opts *opts, struct buf *ret_ko, struct sut_err *err);
char *coremod_dir(const struct kbuild *kb);
/* The text of one of its sources, NULL: there is none of that name. */
const char *coremod_source(const char *name);
/* relocs.c: takes the references to @m's externs out of its object, and writes them down as C:
 * "patch_relocs_I" for kb->objects[I], and how many stubs they may need as PATCH_STUBS. Sets m->n_relocs. */
int relocs_write(struct buf *table, const struct kbuild *kb, struct module_parts *m, struct sut_err *err);
/* For architectures that keep addends in the relocated fields: puts them there. */
int relocs_store_addends(struct elf_out *o, struct sut_err *err);
/* Name of the section of a module that @place is in; NULL: it is not known, or @place is in vmlinux. */
const char *module_section_name(const struct kbuild *kb, const struct kbuild_sym *place);
/*
 * expect.c: what the code of a function, or of a part of it, must be when the patch is loaded, with a mask of
 * the bits that the kernel does not rewrite itself. @sym: in u->orig. False: its code is not known.
 */
bool expect_code(const struct kbuild *kb, const struct kbuild_unit *u, uint32_t sym, struct buf *ret_bytes,
		 struct buf *ret_mask);

/* sign.c: appends the kernel's kind of signature to a module. */
int module_sign(struct buf *ko, const char *key, const char *cert, struct sut_err *err);

#endif

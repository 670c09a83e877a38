/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The patch file (.sut) in memory; suture-patch(5) describes it on disk.
 *
 * On disk a patch is an ELF relocatable: sections, symbols and relocations that readelf and objdump
 * show, plus a manifest (JSON) and the expected bytes. A patch holds *objects* (an executable, a
 * shared library), each with *funcs*, the sections that go into the target near that object, and
 * what the live bytes must be before anything is written.
 */
#ifndef SUTURE_PATCH_PATCH_H
#define SUTURE_PATCH_PATCH_H

#include "base/err.h"
#include "target/target.h"

#define PATCH_FORMAT 1

enum patch_sec_kind {	/* where a section goes in the target's image */
	PSEC_TEXT,	/* r-x */
	PSEC_RODATA,	/* r--: constants, strings, and the patch's own GOT: all values are final before
			 * it is mapped */
	PSEC_DATA,	/* rw- */
	PSEC_BSS,	/* rw-, zero */
	PSEC_EHFRAME,	/* r--: .eh_frame records of the patch's functions */
};

struct patch_rel {
	uint64_t offset;	/* in the section */
	uint32_t type;		/* a plain relocation: target->apply_rel() knows it */
	uint32_t sym;		/* index into patch_object.syms */
	int64_t addend;
};

struct patch_sec {
	char *name;		/* ".text.new.foo", ".text.old.foo", ".rodata.str1.1" ... */
	enum patch_sec_kind kind;
	uint64_t align, size;
	uint8_t *data;		/* @size bytes; NULL for PSEC_BSS */
	struct patch_rel *rels;	/* by offset */
	size_t n_rels, cap_rels;
};

enum patch_sym_kind {
	PSYM_DEF,	/* in a section of this object: @sec, @value = offset */
	PSYM_OBJECT,	/* in the object that is patched: @value = its link-time address */
	PSYM_IMPORT,	/* found at apply time by name and version, as the dynamic linker would */
	PSYM_SLOT,	/* the 8-byte value found at apply time at link-time address @value of the
			 * object (a GOT slot: TLS module id or offset), plus @add */
	PSYM_ABS,	/* @value itself */
};

struct patch_sym {
	char *name;		/* never NULL; need not be unique */
	char *version;		/* PSYM_IMPORT: "GLIBC_2.2.5", or NULL: any */
	enum patch_sym_kind kind;
	uint32_t sec;		/* PSYM_DEF: index into secs */
	uint64_t value, size;
	int64_t add;
	uint8_t isa;		/* PSYM_DEF of a function: bits that select an instruction set in an
				 * address of it (see struct target); the file has them in the value */
	uint8_t other;		/* PSYM_DEF: the psABI's bits of st_other (ppc64le: the local entry) */
	bool is_func, is_weak;	/* weak import: may stay unresolved and is then 0 */
};

struct patch_range {		/* link-time addresses in the object */
	uint64_t addr, size;
};

struct patch_func {
	char *name;
	uint64_t addr, size;	/* link-time address and size in the object */
	struct patch_range *parts; /* further code that belongs to it: .cold */
	size_t n_parts, cap_parts;
	uint32_t entry;		/* offset of the redirect from @addr */
	uint32_t jump;		/* bytes that the redirect overwrites there */
	uint32_t room;		/* bytes there that may be overwritten (size plus proven padding) */
	uint32_t new_sym, old_sym; /* indices into syms: new code, and the old copy */
	char *file;		/* source position, may be NULL */
	int line;
	char *why;		/* "edited", "inlined", ... */
	struct strvec why_chain;
};

struct patch_expect {		/* bytes that must stand in the object before it is touched */
	char *name;		/* the function they belong to */
	uint64_t addr, size;
	uint8_t *bytes;
	uint8_t *mask;		/* 0xff: must match; NULL: all must */
	bool contract;		/* the patch's code knows more of this function than its psABI says:
				 * which registers it leaves alone, a private calling convention. It
				 * must stay the one that is expected for as long as the patch is */
};

struct patch_object {
	char *name;		/* soname or base name: "redis-check-rdb" */
	uint16_t machine;
	uint8_t *build_id;
	size_t build_id_size;
	uint64_t gp;		/* link-time global pointer that the code shares (ppc64le: TOC); 0: none */
	struct patch_func *funcs;
	size_t n_funcs, cap_funcs;
	struct patch_sec *secs;
	size_t n_secs, cap_secs;
	struct patch_sym *syms;	/* [0] unused */
	size_t n_syms, cap_syms;
	struct patch_expect *expects;
	size_t n_expects, cap_expects;
	struct strvec new_funcs; /* names of functions that the patch adds */
	struct strvec new_data;	/* names of variables that the patch adds */
};

/* ---- the kernel ---- */

struct patch_kfunc {		/* a function of the kernel or of one of its modules */
	char *name;		/* in kallsyms */
	uint64_t addr;		/* from _text; in a module: from the start of its section */
	uint64_t size, new_size;
	uint32_t sympos;	/* place among equal names, from 1; 0: it is unique */
	char *file;		/* source position, may be NULL */
	int line;
	char *why;
	struct strvec why_chain;
};

struct patch_kobject {
	char *name;		/* "vmlinux", or the module as /sys/module has it */
	uint8_t *build_id;	/* of a module; NULL: the kernel's own counts, or it has none */
	size_t build_id_size;
	struct patch_kfunc *funcs;
	size_t n_funcs, cap_funcs;
	struct strvec callbacks; /* which kinds it has: "pre_patch" ... */
	bool must_be_loaded;	/* a module that would start with the original of what changes */
};

struct patch_file {		/* something that the patch carries whole */
	char *name;		/* "suture_fix.ko" */
	uint8_t *data;
	size_t size;
};

struct patch_kernel {		/* instead of objects: a patch is for processes or for the kernel */
	char *release;		/* uname -r */
	char *banner;		/* uname -v and more, may be NULL: what /proc/version says */
	uint16_t machine;
	uint8_t *build_id;	/* of vmlinux */
	size_t build_id_size;
	char *module;		/* name of the patch module in /sys/module */
	char *core;		/* "livepatch": the kernel's own; "suture_core": ours */
	char *content;		/* SHA-256 of the code that the module was made of, hex; the module that
				 * is loaded says the same */
	bool replace;		/* takes the place of all others */
	bool is_signed;		/* the module has a signature of the kernel's kind */
	struct patch_kobject *objects;
	size_t n_objects, cap_objects;
	struct patch_file *files; /* [0]: the module */
	size_t n_files, cap_files;
	struct strvec new_funcs, new_data;
};

struct patch {
	char *name;		/* what status and revert call it: [A-Za-z0-9._+-]{1,63} */
	char *version, *description, *author; /* may be NULL */
	struct strvec cves;	/* "CVE-2026-66373" */
	struct strvec sources;	/* base names of the diffs it was made from */
	char *toolchain;	/* compiler's own words */
	struct patch_object *objects;
	size_t n_objects, cap_objects;
	struct patch_kernel *kernel; /* then there are no objects; NULL: for processes */
	uint8_t digest[SHA256_SIZE]; /* of the whole file; set by read and write */
};

/* Names obey one rule everywhere: letters, digits, '.', '_', '+', '-'; at most 63. */
bool patch_name_ok(const char *name);

/* Serialises; the same patch gives the same bytes. Fresh buffer. */
int patch_encode(struct patch *p, uint8_t **ret, size_t *ret_n, struct sut_err *err);
int patch_write(struct patch *p, const char *path, struct sut_err *err);
/* Reads and validates everything: indices, ranges, sizes, relocation types, names. Trusts nothing.
 * NULL with a reason (F_*). */
struct patch *patch_read(const char *path, struct sut_err *err);
struct patch *patch_decode(const char *name, const uint8_t *data, size_t n, struct sut_err *err);
/* Frees all that @o has; it is as new. */
void patch_object_clear(struct patch_object *o);
/* ELF machine of what it patches. */
uint16_t patch_machine(const struct patch *p);
void patch_kernel_free(struct patch_kernel *k);
/* Frees object @i; those behind it move up. */
void patch_drop_object(struct patch *p, size_t i);
void patch_free(struct patch *p);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ELF objects that a process maps, read from its memory alone: deleted files, chroots and
 * containers are ordinary. No file is opened but for .debug_frame, which is never in memory.
 */
#ifndef SUTURE_PROC_MODULE_H
#define SUTURE_PROC_MODULE_H

#include "proc/maps.h"
#include "proc/memory.h"
#include "unwind/unwind.h"
#include <elf.h>

struct proc_range {
	uint64_t lo, hi;
};

struct proc_module {
	char *path;		/* from maps, without " (deleted)"; "[vdso]" */
	bool deleted, is_vdso, is_exe, is_interp;
	uint64_t base;		/* where the ELF header is mapped */
	uint64_t bias;		/* run-time minus link-time address */
	uint64_t lo, hi;	/* all PT_LOADs, page-rounded */
	uint16_t type, machine;	/* ET_*, EM_* */
	uint8_t elf_class;
	uint64_t entry;		/* run-time e_entry, 0: none */
	uint64_t dev, inode;
	Elf64_Phdr *phdrs;	/* 32-bit ones are widened */
	size_t n_phdrs;
	uint8_t *build_id;	/* NULL: none */
	size_t build_id_size;
	struct proc_range *exec; /* executable ranges, page-rounded, as mapped now */
	size_t n_exec, cap_exec;
	uint64_t eh_frame_hdr;	/* run-time address of PT_GNU_EH_FRAME, 0: none */
	uint64_t eh_frame_hdr_size;
	uint64_t dynamic;	/* run-time address of PT_DYNAMIC, 0: none (static) */
	uint64_t dynamic_size;
	unsigned int order;	/* load order; the executable is 0 */
	struct proc_dyn *dyn;	/* dynamic section, decoded on demand */
};

struct proc_modules {
	pid_t pid;
	struct proc_mem mem;	/* open while the struct lives */
	struct proc_maps maps;	/* the state the modules were read from */
	struct proc_module *v;	/* sorted by base */
	size_t n, cap;
	uint16_t *by_order;	/* indices into v in load order */
	bool have_link_map;	/* the order is the dynamic linker's, not the map's */
	bool incomplete;	/* an object with code could not be read: a build-id that is not found
				 * may be there all the same */
};

/*
 * Reads maps and ELF headers of @pid. @write opens its memory for writing too. The process may
 * run: a mapping that vanishes meanwhile is left out. Errors: P_GONE, P_PERMISSION, E_ARCH (a
 * 32-bit or foreign process), E_IO.
 */
int proc_modules_read(struct proc_modules *ms, pid_t pid, bool write, struct sut_err *err);
void proc_modules_free(struct proc_modules *ms);

struct proc_module *proc_module_by_pc(const struct proc_modules *ms, uint64_t addr);
struct proc_module *proc_module_by_build_id(const struct proc_modules *ms, const uint8_t *id,
					    size_t n);
struct proc_module *proc_module_exe(const struct proc_modules *ms);
/* By file name or soname, "libc.so.6" or a full path. NULL: none. */
struct proc_module *proc_module_by_name(const struct proc_modules *ms, const char *name);

/*
 * Makes an unwind space of all modules. Metadata is fetched from the target when a walk first
 * needs it; proc_modules_unwind_preload() fetches all at once (before threads are stopped).
 * The space borrows paths and the memory descriptor from @ms and must be freed before it.
 */
void proc_modules_unwind_space(struct proc_modules *ms, struct unw_space *s);
void proc_modules_unwind_preload(struct unw_space *s);

#endif

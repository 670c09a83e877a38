/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dynamic symbols of a live process: what its own dynamic linker would have found, read from
 * memory (DT_GNU_HASH, DT_HASH, versions).
 */
#ifndef SUTURE_PROC_SYMBOL_H
#define SUTURE_PROC_SYMBOL_H

#include "proc/module.h"

struct proc_symbol {
	struct proc_module *module; /* that defines it */
	uint64_t addr;		/* run-time address; STT_TLS: offset in the module's TLS block;
				   IFUNC: of the resolver */
	uint64_t size;
	uint8_t type, bind;	/* STT_*, STB_* */
	char version[64];	/* of the definition, "" if none */
	bool version_default;
};

/*
 * Looks @name up in one module. @version NULL or "": the default version, or any where there is
 * just one. 0 found, 1 not there, -1 the tables are damaged or unreadable (P_MODULE).
 */
int proc_module_lookup_symbol(struct proc_modules *ms, struct proc_module *m, const char *name,
			      const char *version, struct proc_symbol *ret, struct sut_err *err);
/*
 * Looks @name up in all modules in load order (the vdso is left out), as the dynamic linker does
 * in the global scope. Same results as above; 1 where no module has it.
 */
int proc_resolve(struct proc_modules *ms, const char *name, const char *version,
		 struct proc_symbol *ret, struct sut_err *err);
/*
 * What an STT_GNU_IFUNC symbol was bound to, without running code of the target: from IRELATIVE
 * slots of its module or from bound slots of any module. 0 with *@ret; 1 where no slot tells
 * (then remote_call_function() on sym->addr does).
 */
int proc_ifunc_target(struct proc_modules *ms, const struct proc_symbol *sym, const char *name,
		      uint64_t *ret);

#endif

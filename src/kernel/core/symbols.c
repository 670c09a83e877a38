// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where things are in the running kernel.
 *
 * kallsyms_lookup_name() is not exported, but a kprobe may be placed on any function by its name and tells
 * the address. All other names are asked of it.
 *
 * A name alone is not enough: static functions of one name are many, and without CONFIG_KALLSYMS_ALL
 * (Debian's 6.1 kernels but amd64) data has no names at all. So a reference comes with the distance from
 * the start of the text that the build saw in the very image, which the release and version strings name. A name that
 * kallsyms knows must be there; where kallsyms cannot know one, the distance alone is believed.
 */
#include <linux/kallsyms.h>
#include <linux/rcupdate.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core.h"

struct suture_kernel suture_kernel;

static bool have_sections;
/* Its address is known to this code and to the kernel's list of sections: do both say the same? */
static unsigned long section_mark __used __section(".suture.mark") = 1;

/* A name buffer in static memory: all lookups are under suture_mutex (or in init). */
static char name_buf[KSYM_SYMBOL_LEN];

unsigned long symbols_function(const char *name)
{
	unsigned long addr = suture_kernel.kallsyms_lookup_name(name);

	if (!addr) {
		pr_err("this kernel has no function %s\n", name);
		return 0;
	}
	return arch_callable(addr);
}

static int find_kallsyms(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	char *plus;
	unsigned long addr;
	int err;

	err = register_kprobe(&probe);
	if (err) {
		pr_err("no probe on kallsyms_lookup_name: error %d\n", err);
		return err;
	}
	addr = (unsigned long)probe.addr;
	unregister_kprobe(&probe);
	/* A probe may have been moved behind what is at the entry: back to where the symbol is. */
	sprint_symbol(name_buf, addr);
	plus = strchr(name_buf, '+');
	if (!plus || strncmp(name_buf, "kallsyms_lookup_name+", plus + 1 - name_buf)) {
		pr_err("the probe on kallsyms_lookup_name is at %s\n", name_buf);
		return -ENOENT;
	}
	addr -= simple_strtoul(plus + 1, NULL, 16);
	suture_kernel.kallsyms_lookup_name = (void *)arch_callable(addr);
	if (suture_kernel.kallsyms_lookup_name("kallsyms_lookup_name") != addr) {
		pr_err("kallsyms_lookup_name does not know itself\n");
		return -ENOENT;
	}
	return 0;
}

static struct compat_sect_attr *section_of(const struct module *mod, const char *name)
{
	struct compat_sect_attrs *sections = (struct compat_sect_attrs *)mod->sect_attrs;
	unsigned int i, n;

	if (!COMPAT_HAVE_SECT_ATTRS || !sections ||
	    copy_from_kernel_nofault(&n, &sections->nsections, sizeof(n)) || !n || n > 1024)
		return NULL;
	for (i = 0; i < n; i++) {
		struct compat_sect_attr attr;
		unsigned int at = 0;
		char c;

		if (copy_from_kernel_nofault(&attr, &sections->attrs[i], sizeof(attr)))
			return NULL;
		do {
			if (copy_from_kernel_nofault(&c, attr.battr.attr.name + at, 1))
				return NULL;
		} while (c == name[at++] && c);
		if (!c && !name[at - 1])
			return &sections->attrs[i];
	}
	return NULL;
}

/*
 * What kallsyms names otherwise than as text, it names only with CONFIG_KALLSYMS_ALL.
 */
static bool kallsyms_must_know(unsigned long addr)
{
	return IS_ENABLED(CONFIG_KALLSYMS_ALL) || (addr >= suture_kernel.stext && addr < suture_kernel.etext);
}

static bool kernel_name_at(unsigned long addr, const char *name)
{
	unsigned long size, offset;
	char *modname = NULL;
	const char *found = suture_kernel.kallsyms_lookup(addr, &size, &offset, &modname, name_buf);

	if (found && !modname && !offset && !strcmp(found, name))
		return true;
	/* Of several names of one address the lookup tells one. */
	return suture_kernel.kallsyms_lookup_name(name) == addr;
}

/* The sympos'th symbol of that name in the kernel, or the only one. Walks the text: some 100 ms. */
static int kernel_symbol(const char *name, unsigned long sympos, unsigned long *addr)
{
	unsigned long a = suture_kernel.stext, n = 0, found = 0;

	while (a < suture_kernel.etext) {
		unsigned long size, offset;
		char *modname = NULL;
		const char *here = suture_kernel.kallsyms_lookup(a, &size, &offset, &modname, name_buf);

		if (!here || !size || offset >= size)
			break;
		if (!offset && !strcmp(here, name)) {
			n++;
			if (!sympos || n == sympos)
				found = a;
		}
		a += size - offset;
		cond_resched();
	}
	if (!n) {
		/* Data, where kallsyms has it, or another name of something. */
		found = suture_kernel.kallsyms_lookup_name(name);
		n = !!found;
		if (sympos > 1)
			found = 0;
	}
	if (!found) {
		pr_err("no symbol %s,%lu in the kernel\n", name, sympos);
		return -ENOENT;
	}
	if (!sympos && n > 1) {
		pr_err("%lu symbols are called %s\n", n, name);
		return -EINVAL;
	}
	*addr = found;
	return 0;
}

/* The symbols of a module called @name: how many; whether one is at @at; the sympos'th (or last). */
static unsigned long module_symbols(struct module *mod, const char *name, unsigned long sympos, unsigned long at,
				    bool *is_at, unsigned long *addr)
{
	struct mod_kallsyms *syms;
	unsigned long n = 0;
	unsigned int i;

	*is_at = false;
	*addr = 0;
	/* When its init is done, a module changes to a smaller table and frees this one after a grace period. */
	rcu_read_lock_sched();
	syms = rcu_dereference_sched(mod->kallsyms);
	for (i = 0; syms && i < syms->num_symtab; i++) {
		const Elf_Sym *sym = &syms->symtab[i];

		if (sym->st_shndx == SHN_UNDEF || strcmp(syms->strtab + sym->st_name, name))
			continue;
		n++;
		if (sym->st_value == at)
			*is_at = true;
		if (!sympos || n == sympos)
			*addr = sym->st_value;
	}
	rcu_read_unlock_sched();
	return n;
}

/* "NAME.cold", or with a number behind that. */
static bool is_cold_of(const char *name, const char *of)
{
	size_t n = strlen(of);

	return n && !strncmp(name, of, n) && !strncmp(name + n, ".cold", 5) && (!name[n + 5] || name[n + 5] == '.');
}

unsigned long symbols_cold(struct module *mod, unsigned long addr)
{
	struct mod_kallsyms *syms;
	unsigned long found = 0;
	unsigned int i, k;

	rcu_read_lock_sched();
	syms = rcu_dereference_sched(mod->kallsyms);
	for (i = 0; syms && i < syms->num_symtab; i++) {
		const Elf_Sym *of = &syms->symtab[i];

		if (of->st_shndx == SHN_UNDEF || of->st_value != addr)
			continue;
		for (k = 0; k < syms->num_symtab; k++) {
			const Elf_Sym *sym = &syms->symtab[k];

			if (sym->st_shndx != SHN_UNDEF &&
			    is_cold_of(syms->strtab + sym->st_name, syms->strtab + of->st_name))
				found = sym->st_value;
		}
	}
	rcu_read_unlock_sched();
	return found;
}

static int module_symbol(struct module *mod, const char *name, unsigned long sympos, unsigned long offset,
			 const char *section, unsigned long *addr)
{
	struct compat_sect_attr *sect = NULL;
	unsigned long n = 0, at = 0;
	bool is_at = false;

	/* A module that is just being loaded has no list of its sections yet; but all its names. */
	if (have_sections && (section || offset))
		sect = section_of(mod, section ?: ".text");
	if (sect)
		at = sect->address + offset;
	if (name)
		n = module_symbols(mod, name, sympos, at, &is_at, addr);
	if (sect && (is_at || !n)) {
		*addr = at;
		if (compat_module_owns(mod, at))
			return 0;
	}
	if (sect || !n || !*addr) {
		pr_err("no symbol %s,%lu in %s, or it is not where it was\n", name ?: "-", sympos, mod->name);
		return -ENOENT;
	}
	if (!sympos && n > 1) {
		pr_err("%lu symbols in %s are called %s\n", n, mod->name, name);
		return -EINVAL;
	}
	return 0;
}

static bool find_exported(const struct compat_kernel_symbol *syms, unsigned int n, const char *name,
			  unsigned long *addr)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!strcmp(compat_export_name(&syms[i]), name)) {
			*addr = compat_export_value(&syms[i]);
			return true;
		}
	return false;
}

int symbols_exported(struct module *mod, const char *name, unsigned long *addr)
{
	if (!name || (!find_exported((const void *)mod->syms, mod->num_syms, name, addr) &&
		      !find_exported((const void *)mod->gpl_syms, mod->num_gpl_syms, name, addr))) {
		pr_err("%s exports no %s\n", mod->name, name ?: "symbol without a name");
		return -ENOENT;
	}
	if (!compat_module_owns(mod, *addr)) {
		pr_err("%s, which %s exports, is not in it\n", name, mod->name);
		return -ENOENT;
	}
	return 0;
}

int symbols_find(struct module *mod, const char *name, unsigned long sympos, unsigned long offset,
		 const char *section, unsigned long *addr)
{
	if (mod)
		return module_symbol(mod, name, sympos, offset, section, addr);
	if (section || (!name && !offset)) {
		pr_err("a symbol that says nothing of where it is\n");
		return -EINVAL;
	}
	if (!offset)
		return kernel_symbol(name, sympos, addr);
	*addr = suture_kernel.base + offset;
	if (name && kallsyms_must_know(*addr) && !kernel_name_at(*addr, name)) {
		pr_err("%s is not 0x%lx behind the start of the text in this kernel\n", name, offset);
		return -ENOENT;
	}
	return 0;
}

int symbols_init(void)
{
	unsigned long size, offset;
	struct compat_sect_attr *sect;
	int err = find_kallsyms();

	if (err)
		return err;
#define FIND(name) ((suture_kernel.name = (void *)symbols_function(#name)) != NULL)
	if (!FIND(kallsyms_lookup) || !FIND(kallsyms_lookup_size_offset) || !FIND(find_module) ||
	    !FIND(get_kprobe) || !FIND(ftrace_location) || !FIND(idle_task))
		return -ENOENT;
#undef FIND
	suture_kernel.stext = suture_kernel.kallsyms_lookup_name("_stext");
	suture_kernel.etext = suture_kernel.kallsyms_lookup_name("_etext");
	suture_kernel.base = suture_kernel.kallsyms_lookup_name("_text") ?: suture_kernel.stext;
	if (!suture_kernel.stext || suture_kernel.etext <= suture_kernel.stext) {
		pr_err("the kernel's text is not known\n");
		return -ENOENT;
	}
	suture_kernel.placing = suture_kernel.kallsyms_lookup_name("register_kprobe");
	if (!suture_kernel.placing ||
	    !suture_kernel.kallsyms_lookup_size_offset(suture_kernel.placing, &size, &offset) || offset) {
		pr_err("the kernel's register_kprobe() is not known\n");
		return -ENOENT;
	}
	suture_kernel.placing_end = suture_kernel.placing + size;
	sect = section_of(THIS_MODULE, ".suture.mark");
	have_sections = sect && sect->address == (unsigned long)&section_mark;
	return 0;
}

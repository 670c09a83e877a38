// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An object is found by its ELF header, which lies at the start of a mapping of file offset 0.
 * Plenty of other things look like that (a file mapped for reading, a core dump being made), so a
 * header counts only when the address range that its program headers claim holds executable
 * memory. The kernel's auxiliary vector tells which object is the program, which one its
 * interpreter, and which one the vdso.
 */
#include "proc/module.h"
#include "elf/note.h"
#include "elf/wire.h"
#include "proc/dynamic.h"
#include "proc/ehframe.h"
#include "proc/native/native.h"
#include "proc/status.h"

#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PHDRS_MAX = 256, NOTES_MAX = 65536, LINK_MAPS_MAX = 8192 };

struct auxv {
	uint64_t phdr, base, entry, vdso;
};

static void read_auxv(pid_t pid, struct auxv *a)
{
	char path[40];
	uint8_t *data;
	size_t size;

	memset(a, 0, sizeof(*a));
	snprintf(path, sizeof(path), "/proc/%d/auxv", proc_live_thread(pid));
	if (read_file(path, &data, &size))
		return;
	/* A pair of words of the process that asks, not of the one that is asked about. */
	for (size_t i = 0; i + 2 * sizeof(long) <= size; i += 2 * sizeof(long)) {
		unsigned long kv[2];

		memcpy(kv, data + i, sizeof(kv));
		if (kv[0] == AT_PHDR)
			a->phdr = kv[1];
		else if (kv[0] == AT_BASE)
			a->base = kv[1];
		else if (kv[0] == AT_ENTRY)
			a->entry = kv[1];
		else if (kv[0] == AT_SYSINFO_EHDR)
			a->vdso = kv[1];
	}
	free(data);
}

static void module_free(struct proc_module *m)
{
	free(m->path);
	free(m->phdrs);
	free(m->build_id);
	free(m->exec);
	proc_dyn_free(m->dyn);
	memset(m, 0, sizeof(*m));
}

/* False where the notes could not be read. */
static bool read_build_id(const struct proc_mem *mem, struct proc_module *m)
{
	bool good = true;

	for (size_t i = 0; i < m->n_phdrs && !m->build_id; i++) {
		const Elf64_Phdr *ph = &m->phdrs[i];
		const uint8_t *id;
		uint8_t *buf;
		size_t n;

		if (ph->p_type != PT_NOTE || ph->p_filesz > NOTES_MAX)
			continue;
		buf = xmalloc(ph->p_filesz + 1);
		if (!proc_mem_try_read(mem, m->bias + ph->p_vaddr, buf, ph->p_filesz)) {
			id = note_build_id(buf, ph->p_filesz, ph->p_align, &n);
			if (id && n) {
				m->build_id = xmemdup(id, n);
				m->build_id_size = n;
			}
		} else {
			good = false;
		}
		free(buf);
	}
	return good || m->build_id;
}

/* Executable memory inside [lo, hi), and whether it can belong to this very file. */
static bool find_exec(const struct proc_maps *maps, struct proc_module *m)
{
	for (size_t i = 0; i < maps->n; i++) {
		const struct proc_map *map = &maps->v[i];
		struct proc_range *r;

		if (map->hi <= m->lo || map->lo >= m->hi || !(map->perms & PROC_X))
			continue;
		if (map->inode && (map->inode != m->inode || map->dev != m->dev))
			continue;
		r = m->n_exec ? &m->exec[m->n_exec - 1] : NULL;
		if (r && r->hi == map->lo) {
			r->hi = MIN(map->hi, m->hi);
			continue;
		}
		r = VEC_PUSH(m->exec, m->n_exec, m->cap_exec);
		r->lo = MAX(map->lo, m->lo);
		r->hi = MIN(map->hi, m->hi);
	}
	return m->n_exec > 0;
}

static bool layout(struct proc_module *m)
{
	bool have = false;
	uint64_t lo = UINT64_MAX, hi = 0;

	for (size_t i = 0; i < m->n_phdrs; i++) {
		const Elf64_Phdr *ph = &m->phdrs[i];

		if (ph->p_type != PT_LOAD)
			continue;
		if (ph->p_vaddr + ph->p_memsz < ph->p_vaddr)
			return false;
		lo = MIN(lo, ph->p_vaddr & ~4095ULL);
		hi = MAX(hi, ALIGN_UP(ph->p_vaddr + ph->p_memsz, 4096ULL));
		/* The header is at the start of the page that holds file offset 0. */
		if (!have && ph->p_offset < 4096 && ph->p_filesz) {
			m->bias = m->base - (ph->p_vaddr - ph->p_offset);
			have = true;
		}
	}
	if (!have)
		return false;
	m->lo = m->bias + lo;
	m->hi = m->bias + hi;
	for (size_t i = 0; i < m->n_phdrs; i++) {
		const Elf64_Phdr *ph = &m->phdrs[i];

		if (ph->p_type == PT_GNU_EH_FRAME) {
			m->eh_frame_hdr = m->bias + ph->p_vaddr;
			m->eh_frame_hdr_size = ph->p_memsz;
		} else if (ph->p_type == PT_DYNAMIC) {
			m->dynamic = m->bias + ph->p_vaddr;
			m->dynamic_size = ph->p_memsz;
		}
	}
	return m->lo < m->hi;
}

/* Is code of the file that is mapped at @map mapped? Device memory and data files cannot always be read,
 * and need not be. */
static bool has_code(const struct proc_maps *maps, const struct proc_map *map)
{
	for (size_t i = 0; i < maps->n; i++)
		if (maps->v[i].perms & PROC_X && maps->v[i].inode == map->inode &&
		    maps->v[i].dev == map->dev)
			return true;
	return false;
}

/* Reads the object whose header is at @map. False: there is none, or (*@ret_unread) it cannot be read. */
static bool read_module(const struct proc_mem *mem, const struct proc_maps *maps,
			const struct proc_map *map, struct proc_module *m, bool *ret_unread)
{
	uint8_t head[sizeof(Elf64_Ehdr)], *raw;
	Elf64_Ehdr eh;
	size_t len, w = wire_size(WIRE_PHDR, native_elf_class);

	memset(m, 0, sizeof(*m));
	*ret_unread = proc_mem_try_read(mem, map->lo, head, sizeof(head)) != 0;
	if (*ret_unread || memcmp(head, ELFMAG, SELFMAG) || head[EI_CLASS] != native_elf_class)
		return false;
	wire_get_ehdr(head, &eh);
	if (eh.e_phentsize != w || eh.e_phnum == 0 || eh.e_phnum > PHDRS_MAX)
		return false;
	m->base = map->lo;
	m->dev = map->dev;
	m->inode = map->inode;
	m->type = eh.e_type;
	m->machine = eh.e_machine;
	m->elf_class = eh.e_ident[EI_CLASS];
	m->n_phdrs = eh.e_phnum;
	m->phdrs = xcalloc(m->n_phdrs, sizeof(*m->phdrs));
	raw = xcalloc(m->n_phdrs, w);
	*ret_unread = proc_mem_try_read(mem, map->lo + eh.e_phoff, raw, m->n_phdrs * w) != 0;
	for (size_t i = 0; i < m->n_phdrs; i++)
		wire_get_phdr(raw + i * w, m->elf_class, &m->phdrs[i]);
	free(raw);
	if (*ret_unread || !layout(m) || !find_exec(maps, m)) {
		module_free(m);
		return false;
	}
	len = strlen(map->path);
	m->deleted = str_ends(map->path, " (deleted)");
	m->path = xstrndup(map->path, m->deleted ? len - strlen(" (deleted)") : len);
	m->entry = eh.e_entry ? m->bias + eh.e_entry : 0;
	*ret_unread = !read_build_id(mem, m);
	return true;
}

static bool is_header(const struct proc_map *map)
{
	return map->offset == 0 && (map->perms & PROC_R) &&
	       (map->inode || !strcmp(map->path, "[vdso]"));
}

static struct proc_module *by_dynamic(struct proc_modules *ms, uint64_t addr)
{
	for (size_t i = 0; i < ms->n; i++)
		if (ms->v[i].dynamic && ms->v[i].dynamic == addr)
			return &ms->v[i];
	return NULL;
}

/* Address of the dynamic linker's r_debug, from DT_DEBUG of the executable; 0: none (static). */
static uint64_t r_debug_addr(const struct proc_modules *ms)
{
	const struct proc_module *exe = proc_module_exe(ms);
	uint8_t raw[sizeof(Elf64_Dyn)];
	Elf64_Dyn d;
	size_t w;

	if (!exe || !exe->dynamic)
		return 0;
	w = wire_size(WIRE_DYN, exe->elf_class);
	for (uint64_t off = 0; off + w <= exe->dynamic_size; off += w) {
		if (proc_mem_try_read(&ms->mem, exe->dynamic + off, raw, w))
			break;
		wire_get_dyn(raw, exe->elf_class, &d);
		if (d.d_tag == DT_NULL)
			break;
		if (d.d_tag == DT_DEBUG)
			return d.d_un.d_ptr;
	}
	return 0;
}

/* Numbers modules as the dynamic linker chained them; the rest follows in address order. */
static void set_order(struct proc_modules *ms)
{
	uint64_t at = r_debug_addr(ms);
	struct r_debug rd;
	struct link_map lm;
	unsigned int n = 0, steps = 0;

	for (size_t i = 0; i < ms->n; i++)
		ms->v[i].order = UINT32_MAX;
	if (at && !proc_mem_try_read(&ms->mem, at, &rd, sizeof(rd))) {
		at = (uintptr_t)rd.r_map;
		while (at && steps++ < LINK_MAPS_MAX &&
		       !proc_mem_try_read(&ms->mem, at, &lm, sizeof(lm))) {
			struct proc_module *m = by_dynamic(ms, (uintptr_t)lm.l_ld);

			if (m && m->order == UINT32_MAX) {
				m->order = n++;
				ms->have_link_map = true;
			}
			at = (uintptr_t)lm.l_next;
		}
	}
	if (!ms->have_link_map && proc_module_exe(ms))
		proc_module_exe(ms)->order = n++;
	for (size_t i = 0; i < ms->n; i++)
		if (ms->v[i].order == UINT32_MAX)
			ms->v[i].order = n++;
	ms->by_order = xcalloc(ms->n + 1, sizeof(*ms->by_order));
	for (size_t i = 0; i < ms->n; i++)
		ms->by_order[ms->v[i].order] = (uint16_t)i;
}

int proc_modules_read(struct proc_modules *ms, pid_t pid, bool write, struct sut_err *err)
{
	struct auxv aux;
	struct proc_module m;
	char subject[32];
	bool foreign = false;

	memset(ms, 0, sizeof(*ms));
	ms->pid = pid;
	ms->mem.fd = -1;
	snprintf(subject, sizeof(subject), "pid %d", pid);
	if (proc_maps_read(&ms->maps, pid, err) || proc_mem_open(&ms->mem, pid, write, err)) {
		proc_modules_free(ms);
		return -1;
	}
	read_auxv(pid, &aux);
	for (size_t i = 0; i < ms->maps.n && ms->n < UINT16_MAX; i++) {
		const struct proc_map *map = &ms->maps.v[i];
		uint8_t ident[EI_NIDENT];
		bool unread, good;

		if (!is_header(map))
			continue;
		good = read_module(&ms->mem, &ms->maps, map, &m, &unread);
		ms->incomplete |= unread && has_code(&ms->maps, map);
		if (good) {
			m.is_vdso = !strcmp(map->path, "[vdso]");
			m.is_exe = aux.phdr >= m.lo && aux.phdr < m.hi;
			m.is_interp = aux.base && aux.base == m.base;
			if (!m.is_exe && !m.is_interp)
				m.entry = 0;
			*VEC_PUSH(ms->v, ms->n, ms->cap) = m;
		} else if (!proc_mem_try_read(&ms->mem, map->lo, ident, sizeof(ident)) &&
			   !memcmp(ident, ELFMAG, SELFMAG) && ident[EI_CLASS] != native_elf_class) {
			foreign = true;
		}
	}
	if (!ms->n) {
		proc_modules_free(ms);
		return foreign ? sut_fail(err, SUT_E_ARCH, subject, "it is a %d-bit process",
					  native_elf_class == ELFCLASS64 ? 32 : 64) :
				 sut_fail(err, SUT_P_GONE, subject, "it has no program (any more)");
	}
	set_order(ms);
	return 0;
}

void proc_modules_free(struct proc_modules *ms)
{
	for (size_t i = 0; i < ms->n; i++)
		module_free(&ms->v[i]);
	free(ms->v);
	free(ms->by_order);
	proc_maps_free(&ms->maps);
	proc_mem_close(&ms->mem);
	memset(ms, 0, sizeof(*ms));
	ms->mem.fd = -1;
}

struct proc_module *proc_module_by_pc(const struct proc_modules *ms, uint64_t addr)
{
	for (size_t i = 0; i < ms->n; i++)
		if (addr >= ms->v[i].lo && addr < ms->v[i].hi)
			return &ms->v[i];
	return NULL;
}

struct proc_module *proc_module_by_build_id(const struct proc_modules *ms, const uint8_t *id,
					    size_t n)
{
	for (size_t i = 0; i < ms->n; i++)
		if (n && ms->v[i].build_id_size == n && !memcmp(ms->v[i].build_id, id, n))
			return &ms->v[i];
	return NULL;
}

struct proc_module *proc_module_exe(const struct proc_modules *ms)
{
	for (size_t i = 0; i < ms->n; i++)
		if (ms->v[i].is_exe)
			return &ms->v[i];
	return NULL;
}

struct proc_module *proc_module_by_name(const struct proc_modules *ms, const char *name)
{
	for (size_t i = 0; i < ms->n; i++)
		if (!strcmp(ms->v[i].path, name) || !strcmp(path_base(ms->v[i].path), name))
			return &ms->v[i];
	for (size_t i = 0; i < ms->n; i++) {
		const struct proc_dyn *d =
			proc_module_dyn((struct proc_modules *)ms, &ms->v[i]);

		if (d && d->soname && !strcmp(d->soname, name))
			return &ms->v[i];
	}
	return NULL;
}

static void load_unwind(void *ctx, struct unw_module *u)
{
	proc_ehframe_load(ctx, u->user, u);
}

void proc_modules_unwind_space(struct proc_modules *ms, struct unw_space *s)
{
	unw_space_init(s, native_unw_arch);
	s->load = load_unwind;
	s->load_ctx = ms;
	for (size_t i = 0; i < ms->n; i++) {
		struct proc_module *m = &ms->v[i];
		struct unw_module u = {
			.lo = m->lo, .hi = m->hi, .bias = m->bias, .path = m->path,
			.entry = m->entry, .owned = true, .user = m,
			.kind = m->is_vdso ? UNW_MODULE_VDSO :
				str_starts(m->path, "/memfd:suture") ? UNW_MODULE_PATCH :
				UNW_MODULE_ELF,
		};

		unw_space_add(s, &u);
	}
	unw_space_sort(s);
}

void proc_modules_unwind_preload(struct unw_space *s)
{
	for (size_t i = 0; i < s->n; i++)
		unw_space_find(s, s->v[i].lo);
}

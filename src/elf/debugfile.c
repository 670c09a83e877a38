// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/debugfile.h"
#include "elf/note.h"

#include <stdlib.h>
#include <string.h>

#include <gelf.h>
#include <libelf.h>

enum { SMALL_MAX = 1 << 20 };
#define FRAME_MAX (256ULL << 20)	/* no object has more */

static bool is_code(uint32_t type, uint32_t flags)
{
	return type == PT_LOAD && (flags & PF_X);
}

/* Code that lies elsewhere is other code, or the same at other addresses. */
static bool same_code(Elf *elf, const struct debugfile_want *w)
{
	size_t n, k = 0, n_code = 0;

	if (elf_getphdrnum(elf, &n) < 0)
		return false;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph))
			return false;
		if (!is_code(ph.p_type, ph.p_flags))
			continue;
		while (k < w->n_phdrs && !is_code(w->phdrs[k].p_type, w->phdrs[k].p_flags))
			k++;
		if (k == w->n_phdrs || w->phdrs[k].p_vaddr != ph.p_vaddr ||
		    w->phdrs[k].p_memsz != ph.p_memsz)
			return false;
		k++;
		n_code++;
	}
	for (; k < w->n_phdrs; k++)
		if (is_code(w->phdrs[k].p_type, w->phdrs[k].p_flags))
			return false;
	return n_code > 0;
}

/* Contents of a section that is not compressed. They live as long as the handle. */
static Elf_Data *contents(Elf_Scn *scn, const GElf_Shdr *sh, uint64_t max)
{
	Elf_Data *d;

	if (sh->sh_type == SHT_NOBITS || !sh->sh_size || sh->sh_size > max ||
	    (sh->sh_flags & SHF_COMPRESSED))
		return NULL;
	d = elf_rawdata(scn, NULL);
	return d && d->d_buf && d->d_size == sh->sh_size ? d : NULL;
}

static bool has_build_id(Elf_Scn *scn, const GElf_Shdr *sh, const struct debugfile_want *w)
{
	Elf_Data *d = contents(scn, sh, SMALL_MAX);
	const uint8_t *id;
	size_t n;

	if (!d)
		return false;
	id = note_build_id(d->d_buf, d->d_size, sh->sh_addralign, &n);
	return id && n == w->build_id_size && !memcmp(id, w->build_id, n);
}

static void take_frame(Elf_Scn *scn, GElf_Shdr *sh, struct debugfile *ret)
{
	GElf_Chdr ch;
	Elf_Data *d;

	if (sh->sh_flags & SHF_COMPRESSED) {
		if (sh->sh_size > FRAME_MAX || !gelf_getchdr(scn, &ch) || ch.ch_size > FRAME_MAX ||
		    elf_compress(scn, 0, 0) < 0 || !gelf_getshdr(scn, sh))
			return;
		/* What was decompressed is no longer the file's. */
		d = elf_getdata(scn, NULL);
		if (!d || !d->d_buf || !d->d_size || d->d_size != ch.ch_size)
			return;
	} else {
		d = contents(scn, sh, FRAME_MAX);
		if (!d)
			return;
	}
	ret->frame = xmemdup(d->d_buf, d->d_size);
	ret->frame_size = d->d_size;
}

/* Each compiler that made a part of it has left its name. One that leaves none is not GCC. */
static bool is_only_gcc(const char *p, size_t n)
{
	const char *end = p + n;
	bool any = false;

	while (p < end) {
		size_t len = strnlen(p, (size_t)(end - p));

		if (len && strncmp(p, "GCC: (", MIN(len, 6)))
			return false;
		any |= len > 0;
		p += len + 1;
	}
	return any;
}

static void take_section(Elf_Scn *scn, GElf_Shdr *sh, const char *name, struct debugfile *ret)
{
	Elf_Data *d;

	if (!strcmp(name, ".debug_frame") && !ret->frame && sh->sh_type == SHT_PROGBITS) {
		take_frame(scn, sh, ret);
	} else if (!strcmp(name, ".comment")) {
		d = contents(scn, sh, SMALL_MAX);
		ret->only_gcc = d && is_only_gcc(d->d_buf, d->d_size);
	} else if (!strcmp(name, ".gnu_debuglink") && !ret->link) {
		d = contents(scn, sh, SMALL_MAX);
		if (d && memchr(d->d_buf, 0, d->d_size))
			ret->link = xstrdup(d->d_buf);
	}
}

static bool read_elf(Elf *elf, const struct debugfile_want *w, struct debugfile *ret)
{
	Elf_Scn *scn = NULL;
	bool same = false;
	size_t names;
	GElf_Ehdr eh;

	if (elf_kind(elf) != ELF_K_ELF || !gelf_getehdr(elf, &eh) || eh.e_machine != w->machine ||
	    eh.e_ident[EI_CLASS] != w->elf_class || eh.e_ident[EI_DATA] != ELFDATA2LSB ||
	    elf_getshdrstrndx(elf, &names) < 0 || !same_code(elf, w))
		return false;
	while ((scn = elf_nextscn(elf, scn))) {
		GElf_Shdr sh;

		if (gelf_getshdr(scn, &sh) && sh.sh_type == SHT_NOTE)
			same |= has_build_id(scn, &sh, w);
	}
	while (same && (scn = elf_nextscn(elf, scn))) {
		GElf_Shdr sh;
		const char *name;

		if (!gelf_getshdr(scn, &sh))
			continue;
		name = elf_strptr(elf, names, sh.sh_name);
		if (name)
			take_section(scn, &sh, name, ret);
	}
	return same;
}

bool debugfile_read(int fd, const struct debugfile_want *want, struct debugfile *ret)
{
	bool same = false;
	Elf *elf;

	memset(ret, 0, sizeof(*ret));
	if (!want->build_id || !want->build_id_size)
		return false;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf)
		same = read_elf(elf, want, ret);
	elf_end(elf);
	return same;
}

void debugfile_free(struct debugfile *d)
{
	free(d->frame);
	free(d->link);
	memset(d, 0, sizeof(*d));
}

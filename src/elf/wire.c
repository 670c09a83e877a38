// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/wire.h"

#include <string.h>

size_t wire_size(enum wire_kind kind, uint8_t elf_class)
{
	bool w = elf_class == ELFCLASS64;

	switch (kind) {
	case WIRE_EHDR:
		return w ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr);
	case WIRE_PHDR:
		return w ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr);
	case WIRE_SHDR:
		return w ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	case WIRE_SYM:
		return w ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
	case WIRE_DYN:
		return w ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	case WIRE_RELA:
		return w ? sizeof(Elf64_Rela) : sizeof(Elf32_Rela);
	case WIRE_REL:
		return w ? sizeof(Elf64_Rel) : sizeof(Elf32_Rel);
	}
	return 0;
}

void wire_get_ehdr(const void *p, Elf64_Ehdr *r)
{
	Elf32_Ehdr s;

	memcpy(&s, p, sizeof(s));
	if (s.e_ident[EI_CLASS] == ELFCLASS64) {
		memcpy(r, p, sizeof(*r));
		return;
	}
	memcpy(r->e_ident, s.e_ident, sizeof(r->e_ident));
	r->e_type = s.e_type;
	r->e_machine = s.e_machine;
	r->e_version = s.e_version;
	r->e_entry = s.e_entry;
	r->e_phoff = s.e_phoff;
	r->e_shoff = s.e_shoff;
	r->e_flags = s.e_flags;
	r->e_ehsize = s.e_ehsize;
	r->e_phentsize = s.e_phentsize;
	r->e_phnum = s.e_phnum;
	r->e_shentsize = s.e_shentsize;
	r->e_shnum = s.e_shnum;
	r->e_shstrndx = s.e_shstrndx;
}

void wire_get_phdr(const void *p, uint8_t elf_class, Elf64_Phdr *r)
{
	Elf32_Phdr s;

	if (elf_class == ELFCLASS64) {
		memcpy(r, p, sizeof(*r));
		return;
	}
	memcpy(&s, p, sizeof(s));
	*r = (Elf64_Phdr){s.p_type, s.p_flags, s.p_offset, s.p_vaddr, s.p_paddr, s.p_filesz, s.p_memsz,
			  s.p_align};
}

void wire_get_sym(const void *p, uint8_t elf_class, Elf64_Sym *r)
{
	Elf32_Sym s;

	if (elf_class == ELFCLASS64) {
		memcpy(r, p, sizeof(*r));
		return;
	}
	memcpy(&s, p, sizeof(s));
	*r = (Elf64_Sym){s.st_name, s.st_info, s.st_other, s.st_shndx, s.st_value, s.st_size};
}

void wire_get_dyn(const void *p, uint8_t elf_class, Elf64_Dyn *r)
{
	Elf32_Dyn s;

	if (elf_class == ELFCLASS64) {
		memcpy(r, p, sizeof(*r));
		return;
	}
	memcpy(&s, p, sizeof(s));
	r->d_tag = s.d_tag;
	r->d_un.d_val = s.d_un.d_val;
}

void wire_get_rel(const void *p, uint8_t elf_class, bool rela, Elf64_Rela *r)
{
	memset(r, 0, sizeof(*r));
	if (elf_class == ELFCLASS64) {
		memcpy(r, p, rela ? sizeof(Elf64_Rela) : sizeof(Elf64_Rel));
	} else {
		Elf32_Rela s = {0};

		memcpy(&s, p, rela ? sizeof(Elf32_Rela) : sizeof(Elf32_Rel));
		r->r_offset = s.r_offset;
		r->r_info = ELF64_R_INFO((uint64_t)ELF32_R_SYM(s.r_info), ELF32_R_TYPE(s.r_info));
		r->r_addend = s.r_addend;
	}
}

size_t wire_put_ehdr(void *p, uint8_t elf_class, const Elf64_Ehdr *v)
{
	Elf32_Ehdr s;

	if (elf_class == ELFCLASS64) {
		memcpy(p, v, sizeof(*v));
		return sizeof(*v);
	}
	memcpy(s.e_ident, v->e_ident, sizeof(s.e_ident));
	s.e_type = v->e_type;
	s.e_machine = v->e_machine;
	s.e_version = v->e_version;
	s.e_entry = (Elf32_Addr)v->e_entry;
	s.e_phoff = (Elf32_Off)v->e_phoff;
	s.e_shoff = (Elf32_Off)v->e_shoff;
	s.e_flags = v->e_flags;
	s.e_ehsize = v->e_ehsize;
	s.e_phentsize = v->e_phentsize;
	s.e_phnum = v->e_phnum;
	s.e_shentsize = v->e_shentsize;
	s.e_shnum = v->e_shnum;
	s.e_shstrndx = v->e_shstrndx;
	memcpy(p, &s, sizeof(s));
	return sizeof(s);
}

size_t wire_put_phdr(void *p, uint8_t elf_class, const Elf64_Phdr *v)
{
	Elf32_Phdr s = {v->p_type, (Elf32_Off)v->p_offset, (Elf32_Addr)v->p_vaddr,
			(Elf32_Addr)v->p_paddr, (Elf32_Word)v->p_filesz, (Elf32_Word)v->p_memsz,
			v->p_flags, (Elf32_Word)v->p_align};

	if (elf_class == ELFCLASS64) {
		memcpy(p, v, sizeof(*v));
		return sizeof(*v);
	}
	memcpy(p, &s, sizeof(s));
	return sizeof(s);
}

size_t wire_put_shdr(void *p, uint8_t elf_class, const Elf64_Shdr *v)
{
	Elf32_Shdr s = {v->sh_name, v->sh_type, (Elf32_Word)v->sh_flags, (Elf32_Addr)v->sh_addr,
			(Elf32_Off)v->sh_offset, (Elf32_Word)v->sh_size, v->sh_link, v->sh_info,
			(Elf32_Word)v->sh_addralign, (Elf32_Word)v->sh_entsize};

	if (elf_class == ELFCLASS64) {
		memcpy(p, v, sizeof(*v));
		return sizeof(*v);
	}
	memcpy(p, &s, sizeof(s));
	return sizeof(s);
}

size_t wire_put_sym(void *p, uint8_t elf_class, const Elf64_Sym *v)
{
	Elf32_Sym s = {v->st_name, (Elf32_Addr)v->st_value, (Elf32_Word)v->st_size, v->st_info,
		       v->st_other, v->st_shndx};

	if (elf_class == ELFCLASS64) {
		memcpy(p, v, sizeof(*v));
		return sizeof(*v);
	}
	memcpy(p, &s, sizeof(s));
	return sizeof(s);
}

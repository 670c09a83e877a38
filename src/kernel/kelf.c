// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/kelf.h"
#include "elf/wire.h"

#include <stdlib.h>

struct tables {
	struct kimage *k;
	struct buf *out;
	uint8_t elf_class;
	size_t n_secs;
};

static Elf64_Sym elf_sym(const struct ksym *s, uint32_t name)
{
	bool func = strchr("tTwW", s->type) != NULL, local = s->type >= 'a' && !strchr("wvu", s->type);
	unsigned int bind = strchr("wWvV", s->type) ? STB_WEAK : local ? STB_LOCAL : STB_GLOBAL;
	unsigned int type = func ? STT_FUNC : s->type == 'U' ? STT_NOTYPE : STT_OBJECT;

	return (Elf64_Sym){.st_name = name, .st_info = (unsigned char)ELF64_ST_INFO(bind, type),
			   .st_shndx = SHN_ABS, .st_value = s->addr, .st_size = s->size};
}

static size_t put_sections(struct tables *b, const struct elf_obj *old, const struct buf *strings,
			   const struct buf *symbols, size_t n_local)
{
	uint8_t raw[64];
	struct buf names = {0};
	Elf64_Shdr *v = xcalloc((old ? old->n_secs : 1) + 4, sizeof(*v));
	size_t n = 1, sym, str, at;
	const char *comment = b->k->banner ? strchr(b->k->banner, '(') : NULL;
	char *cc = comment && (comment = strstr(comment, ") (")) ? xstrdup(comment + 3) : NULL;

	buf_addstr(&names, "");
	for (size_t i = 1; old && i < old->n_secs; i++) {
		const struct elf_sec *s = &old->secs[i];
		/* Symbols that the file has itself give way to kallsyms. */
		bool is_table = s->type == SHT_SYMTAB || s->type == SHT_RELA || s->type == SHT_REL;

		v[n++] = (Elf64_Shdr){.sh_name = (uint32_t)buf_addstr(&names, is_table ? "" : s->name),
				      .sh_type = is_table ? SHT_NULL : s->type, .sh_flags = s->flags,
				      .sh_addr = s->addr, .sh_offset = s->offset, .sh_size = s->size,
				      .sh_addralign = s->align};
	}
	str = n++;
	v[str] = (Elf64_Shdr){.sh_name = (uint32_t)buf_addstr(&names, ".strtab"), .sh_type = SHT_STRTAB,
			      .sh_addralign = 1, .sh_size = strings->n,
			      .sh_offset = buf_add(b->out, strings->p, strings->n)};
	buf_align(b->out, 8, 0);
	sym = n++;
	v[sym] = (Elf64_Shdr){.sh_name = (uint32_t)buf_addstr(&names, ".symtab"), .sh_type = SHT_SYMTAB,
			      .sh_addralign = 8, .sh_size = symbols->n, .sh_link = (uint32_t)str,
			      .sh_info = (uint32_t)n_local,
			      .sh_entsize = wire_size(WIRE_SYM, b->elf_class),
			      .sh_offset = buf_add(b->out, symbols->p, symbols->n)};
	/* Where messages look for the compiler. */
	if (cc) {
		cc[strcspn(cc, ",")] = '\0';
		v[n++] = (Elf64_Shdr){.sh_name = (uint32_t)buf_addstr(&names, ".comment"),
				      .sh_type = SHT_PROGBITS, .sh_addralign = 1, .sh_size = strlen(cc) + 1,
				      .sh_offset = buf_addstr(b->out, cc)};
	}
	v[n] = (Elf64_Shdr){.sh_name = (uint32_t)buf_addstr(&names, ".shstrtab"), .sh_type = SHT_STRTAB,
			    .sh_addralign = 1, .sh_size = names.n};
	v[n++].sh_offset = buf_add(b->out, names.p, names.n);
	buf_align(b->out, 8, 0);
	at = b->out->n;
	for (size_t i = 0; i < n; i++)
		buf_add(b->out, raw, wire_put_shdr(raw, b->elf_class, &v[i]));
	free(cc);
	free(v);
	buf_free(&names);
	b->n_secs = n;
	return at;
}

/* ELF wants local symbols first; kallsyms order within each kind stays. */
void kelf_finish(struct kimage *k, struct buf *out, const struct elf_obj *old, uint8_t elf_class,
		 Elf64_Ehdr *eh)
{
	struct tables whole = {k, out, elf_class, 0}, *b = &whole;
	struct buf strings = {0}, symbols = {0};
	uint8_t raw[64];
	size_t n_local = 1;
	Elf64_Sym null = {0};

	buf_addstr(&strings, "");
	buf_add(&symbols, raw, wire_put_sym(raw, b->elf_class, &null));
	for (int global = 0; global < 2; global++)
		for (size_t i = 0; i < b->k->n_syms; i++) {
			const struct ksym *s = &b->k->syms[i];
			Elf64_Sym e = elf_sym(s, 0);

			if ((ELF64_ST_BIND(e.st_info) != STB_LOCAL) != global)
				continue;
			e.st_name = (uint32_t)buf_addstr(&strings, s->name);
			buf_add(&symbols, raw, wire_put_sym(raw, b->elf_class, &e));
			n_local += !global;
		}
	buf_align(b->out, 8, 0);
	eh->e_shoff = put_sections(b, old, &strings, &symbols, n_local);
	eh->e_shentsize = (uint16_t)wire_size(WIRE_SHDR, b->elf_class);
	eh->e_shnum = (uint16_t)b->n_secs;
	eh->e_shstrndx = (uint16_t)(eh->e_shnum - 1);
	wire_put_ehdr(b->out->p, b->elf_class, eh);
	b->k->elf = b->out->p;
	b->k->elf_size = b->out->n;
	buf_free(&strings);
	buf_free(&symbols);
}

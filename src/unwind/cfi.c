// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding the entry (FDE) that covers a pc.
 *
 * .eh_frame is a list of CIEs and FDEs, each with its length in front; a CIE holds what many FDEs
 * share. .eh_frame_hdr has a table sorted by address for a binary search. Both come from a live
 * process or from a file that may be damaged on purpose, so the table's answer is only a hint: the
 * FDE it leads to is decoded with all checks and must cover the pc.
 *
 * Not supported: CIE augmentation "eh" (gcc 2), segment selectors, 64-bit DWARF in .eh_frame with
 * 8-byte CIE pointers (no linker makes it). References: LSB core 5.0, 10.6; DWARF 5, 6.4.
 */
#include "unwind/cfi.h"
#include "unwind/leb.h"

#include <string.h>

enum pe {
	PE_ABSPTR = 0x00, PE_ULEB = 0x01, PE_UDATA2 = 0x02, PE_UDATA4 = 0x03, PE_UDATA8 = 0x04,
	PE_SIGNED = 0x08, PE_SLEB = 0x09, PE_SDATA2 = 0x0a, PE_SDATA4 = 0x0b, PE_SDATA8 = 0x0c,
	PE_PCREL = 0x10, PE_TEXTREL = 0x20, PE_DATAREL = 0x30, PE_FUNCREL = 0x40,
	PE_ALIGNED = 0x50, PE_INDIRECT = 0x80, PE_OMIT = 0xff,
};

struct bases {
	uint64_t addr;		/* of @start */
	const uint8_t *start;
	uint64_t text, data, func;
	uint8_t addr_size;
};

static uint64_t trunc_addr(uint64_t v, uint8_t addr_size)
{
	return addr_size == 4 ? (uint32_t)v : v;
}

static uint64_t read_plain(struct leb_reader *r, uint8_t enc, uint8_t addr_size)
{
	switch (enc & 0x0f) {
	case PE_ABSPTR: return leb_fixed(r, addr_size);
	case PE_SIGNED:
		return addr_size == 4 ? (uint64_t)(int32_t)leb_fixed(r, 4) : leb_fixed(r, 8);
	case PE_ULEB: return leb_u(r);
	case PE_SLEB: return (uint64_t)leb_s(r);
	case PE_UDATA2: return leb_fixed(r, 2);
	case PE_SDATA2: return (uint64_t)(int16_t)leb_fixed(r, 2);
	case PE_UDATA4: return leb_fixed(r, 4);
	case PE_SDATA4: return (uint64_t)(int32_t)leb_fixed(r, 4);
	case PE_UDATA8:
	case PE_SDATA8: return leb_fixed(r, 8);
	}
	r->bad = true;
	return 0;
}

/* An encoded pointer. For PE_INDIRECT the address of the slot is returned, not its content. */
static uint64_t read_encoded(struct leb_reader *r, uint8_t enc, const struct bases *b)
{
	uint64_t at, v;

	if (enc == PE_OMIT)
		return 0;
	if ((enc & 0x70) == PE_ALIGNED) {
		at = b->addr + (uint64_t)(r->p - b->start);
		leb_skip(r, ALIGN_UP(at, (uint64_t)b->addr_size) - at);
		return leb_fixed(r, b->addr_size);
	}
	at = b->addr + (uint64_t)(r->p - b->start);
	v = read_plain(r, enc, b->addr_size);
	/* A null pointer stays null whatever it is relative to (gABI practice: no personality). */
	if (v == 0 && (enc & 0x70) != PE_PCREL)
		return (enc & 0x70) == PE_DATAREL ? b->data : 0;
	switch (enc & 0x70) {
	case 0: break;
	case PE_PCREL: v += at; break;
	case PE_TEXTREL: v += b->text; break;
	case PE_DATAREL: v += b->data; break;
	case PE_FUNCREL: v += b->func; break;
	default: r->bad = true;
	}
	return trunc_addr(v, b->addr_size);
}

/* The entry at @offset: its bytes after the length, or false at the end or damage. */
static bool entry_bounds(const struct cfi_section *s, size_t offset, struct leb_reader *r,
			 bool *ret_is64, bool *ret_end)
{
	uint64_t len;

	*ret_end = false;
	*ret_is64 = false;
	if (offset >= s->size) {
		*ret_end = true;
		return false;
	}
	*r = (struct leb_reader){s->data + offset, s->data + s->size, false};
	len = leb_fixed(r, 4);
	if (r->bad)
		return false;
	if (len == 0 && !s->is_debug_frame) {
		*ret_end = true;
		return false;
	}
	if (len == 0xffffffff) {
		len = leb_fixed(r, 8);
		*ret_is64 = true;
	} else if (len >= 0xfffffff0) {
		return false;
	}
	if (r->bad || len > (uint64_t)(r->end - r->p))
		return false;
	r->end = r->p + len;
	return true;
}

struct cie {
	uint8_t fde_enc, lsda_enc;
	bool has_z;
};

static int parse_cie(const struct cfi_section *s, size_t offset, struct cfi_fde *f,
		     struct cie *c)
{
	struct leb_reader r;
	bool is64, end;
	uint64_t id, aug_len;
	const char *aug;
	const uint8_t *aug_end = NULL;
	struct bases b = {s->addr, s->data, s->text_base, s->data_base, 0, s->addr_size};

	if (!entry_bounds(s, offset, &r, &is64, &end))
		return -1;
	id = leb_fixed(&r, s->is_debug_frame && is64 ? 8 : 4);
	if (s->is_debug_frame ? id != (is64 ? ~0ULL : 0xffffffff) : id != 0)
		return -1;
	f->version = (uint8_t)leb_fixed(&r, 1);
	if (f->version != 1 && f->version != 3 && f->version != 4)
		return -1;
	aug = (const char *)r.p;
	while (leb_fixed(&r, 1))
		;
	if (r.bad)
		return -1;
	if (f->version == 4) {
		if (leb_fixed(&r, 1) != s->addr_size || leb_fixed(&r, 1) != 0)
			return -1;
	}
	f->code_align = leb_u(&r);
	f->data_align = leb_s(&r);
	f->ra_reg = f->version == 1 ? leb_fixed(&r, 1) : leb_u(&r);
	*c = (struct cie){.fde_enc = PE_ABSPTR, .lsda_enc = PE_OMIT};
	if (*aug == 'z') {
		c->has_z = true;
		aug_len = leb_u(&r);
		if (r.bad || aug_len > (uint64_t)(r.end - r.p))
			return -1;
		aug_end = r.p + aug_len;
		aug++;
	}
	for (; *aug; aug++) {
		/* Those without data need nobody who tells its length. */
		if (!c->has_z && !strchr("SBG", *aug))
			return -1;
		switch (*aug) {
		case 'R': c->fde_enc = (uint8_t)leb_fixed(&r, 1); break;
		case 'L': c->lsda_enc = (uint8_t)leb_fixed(&r, 1); break;
		case 'P':
			f->personality = read_encoded(&r, (uint8_t)leb_fixed(&r, 1), &b);
			break;
		case 'S': f->is_signal = true; break;
		case 'B': /* arm64: return addresses are signed with the B key */
		case 'G': /* arm64: tagged stack frame */
			break;
		default: return -1;
		}
	}
	if (r.bad || (aug_end && r.p > aug_end))
		return -1;
	if (aug_end)
		r.p = aug_end;
	if (f->code_align == 0 || f->ra_reg >= UNW_NREGS)
		return -1;
	f->cie_insn = r.p;
	f->cie_insn_end = r.end;
	return 0;
}

int cfi_fde_at(const struct cfi_section *s, size_t offset, struct cfi_fde *f, size_t *ret_next)
{
	struct leb_reader r;
	bool is64, end;
	uint64_t id, cie_off, n;
	size_t id_off;
	struct cie c;
	struct bases b = {s->addr, s->data, s->text_base, s->data_base, 0, s->addr_size};
	const uint8_t *aug_end = NULL;

	memset(f, 0, sizeof(*f));
	*ret_next = s->size;
	if (!entry_bounds(s, offset, &r, &is64, &end))
		return end ? 1 : -1;
	*ret_next = (size_t)(r.end - s->data);
	id_off = (size_t)(r.p - s->data);
	id = leb_fixed(&r, s->is_debug_frame && is64 ? 8 : 4);
	if (r.bad)
		return -1;
	if (s->is_debug_frame) {
		if (id == (is64 ? ~0ULL : 0xffffffff))
			return 1;
		cie_off = id;
	} else {
		if (id == 0)
			return 1;
		if (id > id_off)
			return -1;
		cie_off = id_off - id;
	}
	if (cie_off >= s->size || parse_cie(s, (size_t)cie_off, f, &c))
		return -1;
	f->offset = offset;
	if (c.fde_enc & PE_INDIRECT)
		return -1;
	f->pc_begin = read_encoded(&r, c.fde_enc, &b);
	f->pc_range = read_plain(&r, c.fde_enc & 0x0f, s->addr_size);
	if (c.has_z) {
		n = leb_u(&r);
		if (r.bad || n > (uint64_t)(r.end - r.p))
			return -1;
		aug_end = r.p + n;
	}
	if (aug_end && c.lsda_enc != PE_OMIT && aug_end > r.p) {
		struct leb_reader peek = r;

		/* No LSDA is written as a plain zero, before anything is added to it. */
		if (read_plain(&peek, c.lsda_enc, s->addr_size)) {
			b.func = f->pc_begin;
			f->lsda = read_encoded(&r, c.lsda_enc, &b);
		}
	}
	if (r.bad || (aug_end && r.p > aug_end))
		return -1;
	if (aug_end)
		r.p = aug_end;
	if (f->pc_begin + f->pc_range < f->pc_begin)
		return -1;
	f->fde_insn = r.p;
	f->fde_insn_end = r.end;
	return 0;
}

int cfi_for_each_fde(const struct cfi_section *s,
		     int (*fn)(void *ctx, const struct cfi_fde *fde), void *ctx)
{
	struct cfi_fde f;
	size_t off = 0, next;

	while (off < s->size) {
		int r = cfi_fde_at(s, off, &f, &next);

		if (r < 0)
			return -1;
		if (r == 0 && f.pc_begin && f.pc_range) {
			r = fn(ctx, &f);
			if (r)
				return r;
		}
		off = next;
	}
	return 0;
}

struct want {
	uint64_t pc;
	struct cfi_fde *ret;
};

static int covers(void *ctx, const struct cfi_fde *f)
{
	struct want *w = ctx;

	if (w->pc - f->pc_begin >= f->pc_range)
		return 0;
	*w->ret = *f;
	return 1;
}

static int find_linear(const struct cfi_section *s, uint64_t pc, struct cfi_fde *ret)
{
	struct want w = {pc, ret};
	int r = cfi_for_each_fde(s, covers, &w);

	return r == 1 ? 0 : r < 0 ? -1 : 1;
}

int cfi_hdr_eh_frame(const uint8_t *hdr, size_t size, uint64_t addr, uint8_t addr_size,
		     uint64_t *ret_addr)
{
	struct leb_reader r = {hdr, hdr + size, false};
	struct bases b = {addr, hdr, 0, addr, 0, addr_size};
	uint8_t enc;

	*ret_addr = 0;
	if (leb_fixed(&r, 1) != 1)
		return -1;
	enc = (uint8_t)leb_fixed(&r, 1);
	leb_fixed(&r, 2);
	if (r.bad)
		return -1;
	if (enc == PE_OMIT)
		return 0;
	*ret_addr = read_encoded(&r, enc, &b);
	return r.bad || (enc & PE_INDIRECT) ? -1 : 0;
}

/* Searches the sorted table. 0 found, 1 not covered, 2 there is no table to go by. */
static int find_table(const struct cfi_section *s, const uint8_t *hdr, size_t hdr_size,
		      uint64_t hdr_addr, uint64_t pc, struct cfi_fde *ret)
{
	struct leb_reader r = {hdr, hdr + hdr_size, false};
	struct bases b = {hdr_addr, hdr, 0, hdr_addr, 0, s->addr_size};
	uint64_t count, lo = 0, hi, fde_addr;
	uint8_t ptr_enc, cnt_enc, tab_enc;
	const uint8_t *table;
	size_t next;

	if (leb_fixed(&r, 1) != 1)
		return 2;
	ptr_enc = (uint8_t)leb_fixed(&r, 1);
	cnt_enc = (uint8_t)leb_fixed(&r, 1);
	tab_enc = (uint8_t)leb_fixed(&r, 1);
	read_encoded(&r, ptr_enc, &b);
	if (cnt_enc == PE_OMIT || tab_enc != (PE_DATAREL | PE_SDATA4))
		return 2;
	count = read_encoded(&r, cnt_enc, &b);
	table = r.p;
	if (r.bad || count == 0 || count > (uint64_t)(r.end - table) / 8)
		return 2;
	hi = count;
	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;
		struct leb_reader e = {table + mid * 8, r.end, false};
		uint64_t start = trunc_addr(hdr_addr + (uint64_t)(int32_t)leb_fixed(&e, 4),
					    s->addr_size);

		if (start <= pc)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo == 0)
		return 1;
	r.p = table + (lo - 1) * 8 + 4;
	fde_addr = trunc_addr(hdr_addr + (uint64_t)(int32_t)leb_fixed(&r, 4), s->addr_size);
	if (fde_addr - s->addr >= s->size)
		return -1;
	if (cfi_fde_at(s, (size_t)(fde_addr - s->addr), ret, &next))
		return -1;
	return pc - ret->pc_begin < ret->pc_range ? 0 : 1;
}

int cfi_find(const struct cfi_section *s, const uint8_t *hdr, size_t hdr_size, uint64_t hdr_addr,
	     uint64_t pc, struct cfi_fde *ret)
{
	int r = 2;

	if (!s->size)
		return 1;
	if (hdr)
		r = find_table(s, hdr, hdr_size, hdr_addr, pc, ret);
	return r == 2 ? find_linear(s, pc, ret) : r;
}

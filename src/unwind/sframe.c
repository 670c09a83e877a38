// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SFrame: a table of functions (FDEs), and for each a list of rows (FREs) that say from which
 * instruction on the frame lies where. It follows three things: the frame's address (CFA), the return
 * address and the frame pointer.
 *
 *	header	28 bytes, then an auxiliary header that nobody uses yet
 *	FDEs	version 1: 17 bytes, 2: 20 bytes, 3: 16 bytes and five more in front of the rows
 *	FREs	start (1, 2 or 4 bytes), info, then words (1, 2 or 4 bytes) that the info counts
 *
 * Info of a row: bit 0 the CFA's base (0 frame pointer, 1 stack pointer), bits 1-4 how many words,
 * bits 5-6 their size, bit 7 the return address is signed (it is masked anyway). Words: the CFA's
 * offset; where the return address has no fixed place (arm64) its offset, 0 for none; the frame
 * pointer's offset. A word that is missing, or 0, means that the register still holds the value. No
 * words at all: there is no return address, the stack begins here.
 *
 * Version 3 has "flexible" functions, whose words are pairs of a control word and an offset, for CFA,
 * return address and frame pointer: bit 0 the base is a register (else the CFA), bit 1 the value is in
 * memory at base + offset (else it is that), bits 3 on the register. A control word of 0 stands alone
 * and means the same as a missing word above.
 *
 * A function of PC type "mask" is a block of code over and over (a PLT): its rows count from the start
 * of each block. In version 1 the size of the block is not written down, so such functions are passed
 * over. So are signal frames: their other registers are not told, and the walk knows them by their code.
 *
 * The linker of binutils 2.40, the only release with version 1, describes the second PLT of programs
 * with indirect branch tracking by the rows of the first one, which is wrong by eight bytes. So in
 * version 1 for x86-64 only functions are believed that begin as a call leaves the stack.
 *
 * All input is untrusted: each read is bounded, and rows out of order are damage. Not supported:
 * sections of the other byte order, s390x (its rules for registers differ). Reference: "The SFrame
 * Format", versions 1 to 3, in binutils.
 */
#include "unwind/sframe.h"
#include "unwind/leb.h"

#include <string.h>

enum { MAGIC = 0xdee2, MAGIC_SWAPPED = 0xe2de, HEADER = 28 };
enum { F_SORTED = 1, F_FRAME_POINTER = 2, F_PCREL = 4 };
enum { ABI_ARM64_BIG = 1, ABI_ARM64 = 2, ABI_X86_64 = 3, ABI_S390X = 4 };

struct section {
	const uint8_t *data, *fdes, *fres;
	size_t fdes_size, fres_size, fde_size;
	uint64_t addr;
	unsigned int version, flags;
	int8_t fixed_fp, fixed_ra;
	uint32_t n;
};

struct func {
	uint64_t start, size;
	struct leb_reader rows;
	uint32_t n_rows;
	unsigned int row_type, rep_size;
	bool by_mask, is_signal, flexible;
};

static uint32_t abi_of(const struct unw_arch *arch)
{
	return arch == &unw_arch_x86_64 ? ABI_X86_64 : arch == &unw_arch_aarch64 ? ABI_ARM64 : 0;
}

const char *sframe_refusal(const uint8_t *data, size_t size, const struct unw_arch *arch)
{
	unsigned int magic;

	if (size < HEADER)
		return "it is shorter than its header";
	magic = (unsigned int)data[0] | (unsigned int)data[1] << 8;
	if (magic == MAGIC_SWAPPED)
		return data[4] == ABI_S390X ? "it is for s390x" : "it is for machines of the other byte order";
	if (magic != MAGIC)
		return "it does not begin like an SFrame section";
	if (data[2] < 1 || data[2] > 3)
		return "its version is none of 1, 2 and 3";
	if (data[4] == ABI_S390X)
		return "it is for s390x";
	if (data[4] != abi_of(arch))
		return "it is for another architecture";
	return NULL;
}

static bool parse_header(struct section *s, const uint8_t *data, size_t size, uint64_t addr,
			 const struct unw_arch *arch)
{
	struct leb_reader r = {data, data + size, false};
	uint64_t n_fres, fre_len, fde_off, fre_off;
	uint8_t aux;

	if (sframe_refusal(data, size, arch))
		return false;
	memset(s, 0, sizeof(*s));
	s->data = data;
	s->addr = addr;
	leb_skip(&r, 2);
	s->version = (unsigned int)leb_fixed(&r, 1);
	s->flags = (unsigned int)leb_fixed(&r, 1);
	leb_skip(&r, 1);
	s->fixed_fp = (int8_t)leb_fixed(&r, 1);
	s->fixed_ra = (int8_t)leb_fixed(&r, 1);
	aux = (uint8_t)leb_fixed(&r, 1);
	s->n = (uint32_t)leb_fixed(&r, 4);
	n_fres = leb_fixed(&r, 4);
	fre_len = leb_fixed(&r, 4);
	fde_off = leb_fixed(&r, 4);
	fre_off = leb_fixed(&r, 4);
	leb_skip(&r, aux);
	if (r.bad || (s->flags & ~(F_SORTED | F_FRAME_POINTER | F_PCREL)) || n_fres > fre_len)
		return false;
	/* Offsets count from the end of the header. */
	size = (size_t)(r.end - r.p);
	s->fde_size = s->version == 1 ? 17 : s->version == 2 ? 20 : 16;
	if (fde_off > size || fre_off > size || fre_len > size - fre_off ||
	    s->n > (size - fde_off) / s->fde_size)
		return false;
	s->fdes = r.p + fde_off;
	s->fdes_size = (size_t)s->n * s->fde_size;
	s->fres = r.p + fre_off;
	s->fres_size = (size_t)fre_len;
	return true;
}

static uint64_t func_start(const struct section *s, uint32_t i)
{
	const uint8_t *at = s->fdes + (size_t)i * s->fde_size;
	struct leb_reader r = {at, at + s->fde_size, false};
	uint64_t off = s->version == 3 ? leb_fixed(&r, 8) : (uint64_t)(int64_t)(int32_t)leb_fixed(&r, 4);

	return s->addr + off + (s->flags & F_PCREL ? (uint64_t)(at - s->data) : 0);
}

static bool read_func(const struct section *s, uint32_t i, struct func *f)
{
	const uint8_t *at = s->fdes + (size_t)i * s->fde_size;
	struct leb_reader r = {at, at + s->fde_size, false};
	unsigned int info, info2 = 0;
	uint64_t off;

	memset(f, 0, sizeof(*f));
	f->start = func_start(s, i);
	leb_skip(&r, s->version == 3 ? 8 : 4);
	f->size = leb_fixed(&r, 4);
	off = leb_fixed(&r, 4);
	if (off > s->fres_size)
		return false;
	if (s->version == 3) {
		r = (struct leb_reader){s->fres + off, s->fres + s->fres_size, false};
		f->n_rows = (uint32_t)leb_fixed(&r, 2);
		info = (unsigned int)leb_fixed(&r, 1);
		info2 = (unsigned int)leb_fixed(&r, 1);
		f->rep_size = (unsigned int)leb_fixed(&r, 1);
		f->rows = r;
	} else {
		f->n_rows = (uint32_t)leb_fixed(&r, 4);
		info = (unsigned int)leb_fixed(&r, 1);
		f->rep_size = s->version == 2 ? (unsigned int)leb_fixed(&r, 1) : 0;
		f->rows = (struct leb_reader){s->fres + off, s->fres + s->fres_size, false};
	}
	f->row_type = info & 15;
	f->by_mask = info & 16;
	f->is_signal = s->version == 3 && (info & 128);
	f->flexible = info2 & 31;
	return !r.bad && f->row_type <= 2 && (info2 & 31) <= 1 && f->start + f->size >= f->start;
}

/* The function that covers @pc: 0, 1 none, -1 damaged. */
static int find_func(const struct section *s, uint64_t pc, struct func *f)
{
	uint32_t lo = 0, hi = s->n;

	if (s->flags & F_SORTED) {
		while (lo < hi) {
			uint32_t mid = lo + (hi - lo) / 2;

			if (func_start(s, mid) <= pc)
				lo = mid + 1;
			else
				hi = mid;
		}
		if (lo == 0)
			return 1;
		if (!read_func(s, lo - 1, f))
			return -1;
		return pc - f->start < f->size ? 0 : 1;
	}
	for (uint32_t i = 0; i < s->n; i++) {
		if (pc < func_start(s, i))
			continue;
		if (!read_func(s, i, f))
			return -1;
		if (pc - f->start < f->size)
			return 0;
	}
	return 1;
}

struct fre {
	uint64_t start;
	unsigned int info, n;
	uint32_t u[15];		/* its words, as they are and with their sign */
	int32_t v[15];
};

static bool read_fre(struct leb_reader *r, unsigned int type, struct fre *e)
{
	unsigned int size;

	e->start = leb_fixed(r, 1u << type);
	e->info = (unsigned int)leb_fixed(r, 1);
	e->n = e->info >> 1 & 15;
	size = 1u << (e->info >> 5 & 3);
	if (e->n == 15 || size == 8)
		return false;
	for (unsigned int i = 0; i < e->n; i++) {
		e->u[i] = (uint32_t)leb_fixed(r, size);
		e->v[i] = size == 1 ? (int8_t)e->u[i] : size == 2 ? (int16_t)e->u[i] : (int32_t)e->u[i];
	}
	return !r->bad;
}

/* The last row that begins at or before @off. 0, 1 none, -1 damaged. */
static int find_fre(struct func *f, uint64_t off, struct fre *ret)
{
	struct fre e;
	bool found = false;
	uint64_t last = 0;

	for (uint32_t i = 0; i < f->n_rows; i++) {
		if (!read_fre(&f->rows, f->row_type, &e) || (i && e.start <= last))
			return -1;
		last = e.start;
		if (e.start > off)
			break;
		*ret = e;
		found = true;
	}
	return found ? 0 : 1;
}

static void add_rule(struct cfi_row *row, unsigned int reg, enum cfi_rule_kind kind, int64_t value)
{
	struct cfi_rule *r = &row->rules[row->n_rules++];

	memset(r, 0, sizeof(*r));
	r->reg = (uint8_t)reg;
	r->kind = (uint8_t)kind;
	r->value = value;
}

static int plain_row(const struct section *s, const struct fre *e, const struct unw_arch *arch,
		     struct cfi_row *row)
{
	unsigned int k = 1;
	int32_t ra = s->fixed_ra, fp = s->fixed_fp;

	row->cfa_reg = e->info & 1 ? arch->sp_reg : arch->fp_reg;
	row->cfa_off = e->v[0];
	if (!ra && k < e->n)
		ra = e->v[k++];
	if (!fp && k < e->n)
		fp = e->v[k++];
	if (k != e->n)
		return -1;
	if (ra)
		add_rule(row, arch->ra_reg, CFI_OFFSET, ra);
	else if (arch->ra_reg == arch->pc_reg)
		return -1;
	if (fp)
		add_rule(row, arch->fp_reg, CFI_OFFSET, fp);
	return 0;
}

/* One of return address and frame pointer of a flexible function. False: not one that we know. */
static bool flex_rule(const struct fre *e, unsigned int *k, unsigned int reg, int32_t fixed,
		      struct cfi_row *row)
{
	uint32_t control;
	int32_t off;

	if (*k >= e->n || !e->u[*k]) {
		(*k)++;
		if (fixed)
			add_rule(row, reg, CFI_OFFSET, fixed);
		return true;
	}
	control = e->u[*k];
	if (*k + 1 >= e->n)
		return false;
	off = e->v[*k + 1];
	*k += 2;
	if (!(control & 1)) {
		add_rule(row, reg, control & 2 ? CFI_OFFSET : CFI_VAL_OFFSET, off);
	} else if ((control & 2) && control >> 3 < UNW_NREGS) {
		add_rule(row, reg, CFI_REG_OFFSET, off);
		row->rules[row->n_rules - 1].base = (uint16_t)(control >> 3);
	} else if (!(control & 2) && !off && control >> 3 < UNW_NREGS) {
		add_rule(row, reg, CFI_REG, control >> 3);
	} else {
		return false;
	}
	return true;
}

static int flex_row(const struct section *s, const struct fre *e, const struct unw_arch *arch,
		    struct cfi_row *row)
{
	unsigned int k = 2;

	if (e->n < 2 || !(e->u[0] & 1) || e->u[0] >> 3 >= UNW_NREGS)
		return -1;
	row->cfa_reg = (uint16_t)(e->u[0] >> 3);
	row->cfa_off = e->v[1];
	row->cfa_deref = e->u[0] & 2;
	if (!flex_rule(e, &k, arch->ra_reg, s->fixed_ra, row) ||
	    !flex_rule(e, &k, arch->fp_reg, s->fixed_fp, row) || k < e->n)
		return -1;
	/* On x86-64 a return address that is nowhere is no row. */
	return arch->ra_reg == arch->pc_reg && (!row->n_rules || row->rules[0].reg != arch->ra_reg) ? -1 : 0;
}

/* Does the first row describe what a call leaves behind: the return address alone? */
static bool begins_like_a_call(const struct func *f, const struct unw_arch *arch)
{
	struct leb_reader r = f->rows;
	struct fre e;

	return f->n_rows && read_fre(&r, f->row_type, &e) && !e.start && (e.info & 1) && e.n &&
	       e.v[0] == arch->addr_size;
}

int sframe_row(const uint8_t *data, size_t size, uint64_t addr, uint64_t pc,
	       const struct unw_arch *arch, struct cfi_row *row)
{
	struct section s;
	struct func f;
	struct fre e;
	uint64_t off;
	int r;

	if (!parse_header(&s, data, size, addr, arch))
		return -1;
	r = find_func(&s, pc, &f);
	if (r)
		return r;
	if (f.is_signal || (f.by_mask && !f.rep_size))
		return 1;
	if (s.version == 1 && arch->ra_reg == arch->pc_reg && !begins_like_a_call(&f, arch))
		return 1;
	off = pc - f.start;
	if (f.by_mask)
		off %= f.rep_size;
	r = find_fre(&f, off, &e);
	if (r)
		return r;
	memset(row, 0, offsetof(struct cfi_row, rules));
	row->method = UNW_SFRAME;
	row->pc = pc;
	row->func_lo = f.start;
	row->func_hi = f.start + f.size;
	row->ra_reg = arch->ra_reg;
	row->ra_sign_toggle = e.info & 128;
	if (e.n == 0) {
		row->ra_undef = true;
		return 0;
	}
	if (f.flexible ? flex_row(&s, &e, arch, row) : plain_row(&s, &e, arch, row))
		return -1;
	/* Nobody says what became of the others. */
	for (unsigned int i = 0; i < arch->n_regs && i < 64; i++)
		if ((arch->callee_saved >> i & 1) && i != arch->fp_reg)
			add_rule(row, i, CFI_UNDEF, 0);
	return 0;
}

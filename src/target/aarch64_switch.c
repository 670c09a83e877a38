// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * How arm64 code branches by a table. Entries are distances in units of four bytes from a label in the
 * function, as narrow as they can be, so assemblers fill them in and no relocation is left:
 *
 *	add  x0, x0, :lo12:table		add  x9, x9, :lo12:table
 *	...					...
 *	ldrb w1, [x0, w1, uxtw]			adr  x10, label
 *	adr  x2, label				ldrb w11, [x9, x8]
 *	add  x1, x2, w1, sxtb #2		add  x10, x10, x11, lsl #2
 *	br   x1					br   x10
 *		GCC, with a sign			clang, without
 *
 * Halfwords have #1 in the load, words #2. Compilers move other instructions in between, so each is looked
 * for by the register that it makes, back from the branch. A register that is made in two places gives the
 * nearer one in the text; should that be another table's address, the entries do not correspond, and the
 * function is not proved.
 */
#include "target/aarch64.h"

enum { NEAR = 12 };	/* instructions between what makes a target and what uses it */

static uint32_t rd(uint32_t w)
{
	return w & 0x1f;
}

static uint32_t rn(uint32_t w)
{
	return w >> 5 & 0x1f;
}

static uint32_t rm(uint32_t w)
{
	return w >> 16 & 0x1f;
}

/* add Xd, Xn, Wm, sxtb|sxth|sxtw #2, or add Xd, Xn, Xm, lsl #2 */
static bool is_add_entry(uint32_t w, bool *is_signed)
{
	*is_signed = (w & 0xffe01c00) == 0x8b200800 && (w >> 13 & 7) >= 4 && (w >> 13 & 7) <= 6;
	return *is_signed || (w & 0xffe0fc00) == 0x8b000800;
}

/* ldrb, ldrh, ldr or ldrsw Wt, [Xn, Rm, ...]: the bytes of what is loaded, 0: it is none of these */
static uint8_t load_width(uint32_t w)
{
	if ((w & 0x3f200c00) != 0x38200800)
		return 0;
	switch (w >> 22) {
	case 0x0e1: /* ldrb */
		return 1;
	case 0x1e1: /* ldrh */
		return 2;
	case 0x2e1: /* ldr of a word */
	case 0x2e2: /* ldrsw */
		return 4;
	default:
		return 0;
	}
}

/* The nearest instruction before *@at that @is, and makes register @reg. False: there is none near enough. */
static bool find(const uint8_t *code, uint32_t at, uint32_t most, bool (*is)(uint32_t), uint32_t reg,
		 uint32_t *ret)
{
	for (uint32_t k = at; k >= 4 && most; k -= 4, most--) {
		uint32_t w = get32(code + k - 4);

		if (is(w) && rd(w) == reg) {
			*ret = k - 4;
			return true;
		}
	}
	return false;
}

static bool is_add_any(uint32_t w)
{
	bool is_signed;

	return is_add_entry(w, &is_signed);
}

static bool is_load(uint32_t w)
{
	return load_width(w) != 0;
}

bool aarch64_switch_use(const uint8_t *code, uint32_t br, struct switch_use *ret)
{
	uint32_t add, load, w;

	if (!find(code, br, NEAR, is_add_any, rn(get32(code + br)), &add))
		return false;
	w = get32(code + add);
	is_add_entry(w, &ret->is_signed);
	if (!find(code, add, NEAR, is_adr, rn(w), &ret->from) || !find(code, add, NEAR, is_load, rm(w), &load))
		return false;
	w = get32(code + load);
	ret->width = load_width(w);
	ret->unit = 4;
	return find(code, load, UINT32_MAX, is_add_imm, rn(w), &ret->address);
}

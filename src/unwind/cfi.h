/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DWARF call frame information: .eh_frame (LSB core) and .debug_frame (DWARF 5, 6.4).
 *
 * Everything is bounds-checked; input is untrusted. Works on file contents and on bytes fetched
 * from a live process alike.
 */
#ifndef SUTURE_UNWIND_CFI_H
#define SUTURE_UNWIND_CFI_H

#include "unwind/unwind.h"

struct cfi_section {
	const uint8_t *data;
	size_t size;
	uint64_t addr;		/* address of data[0], in the same space as the wanted pcs */
	uint64_t text_base;	/* for DW_EH_PE_textrel, mostly 0 */
	uint64_t data_base;	/* for DW_EH_PE_datarel: the GOT's address; mostly 0 */
	uint8_t addr_size;	/* 4 or 8 */
	bool is_debug_frame;
};

struct cfi_fde {
	uint64_t pc_begin, pc_range;
	uint64_t lsda;		/* 0: none */
	uint64_t personality;	/* 0: none */
	size_t offset;		/* of the FDE in the section */
	/* The rest is for the row interpreter. */
	uint64_t code_align;
	int64_t data_align;
	uint64_t ra_reg;
	bool is_signal;		/* augmentation 'S' */
	uint8_t version;
	const uint8_t *cie_insn, *cie_insn_end, *fde_insn, *fde_insn_end;
};

/*
 * Calls @fn for each FDE until it returns non-zero, which is then returned. -1 where the section
 * is damaged (entries before the damage have been reported), 0 at the end. FDEs whose pc_begin is
 * 0 (discarded by the linker) are left out.
 */
int cfi_for_each_fde(const struct cfi_section *s,
		     int (*fn)(void *ctx, const struct cfi_fde *fde), void *ctx);

/* Decodes the FDE at @offset: 0; 1 where a CIE or the end is there; -1 where it is damaged. */
int cfi_fde_at(const struct cfi_section *s, size_t offset, struct cfi_fde *ret, size_t *ret_next);

/*
 * The FDE that covers @pc: 0, 1 none, -1 damaged. @hdr (may be NULL) is .eh_frame_hdr at @hdr_addr
 * for a binary search; what it points to is checked, and without it the section is searched.
 */
int cfi_find(const struct cfi_section *s, const uint8_t *hdr, size_t hdr_size, uint64_t hdr_addr,
	     uint64_t pc, struct cfi_fde *ret);

/*
 * What .eh_frame_hdr says of .eh_frame: its address (0: not given). -1 where damaged.
 */
int cfi_hdr_eh_frame(const uint8_t *hdr, size_t size, uint64_t addr, uint8_t addr_size,
		     uint64_t *ret_addr);

enum cfi_rule_kind {
	CFI_SAME = 0,		/* kept by the callee (also where nothing is said) */
	CFI_UNDEF,
	CFI_OFFSET,		/* stored at CFA + value */
	CFI_VAL_OFFSET,		/* is CFA + value */
	CFI_REG,		/* is in register value */
	CFI_EXPR,		/* stored where the expression says */
	CFI_VAL_EXPR,		/* is what the expression says */
	CFI_REG_OFFSET,		/* stored at register base + value */
};

struct cfi_rule {
	uint8_t reg;
	uint8_t kind;
	union {
		uint16_t expr_len;
		uint16_t base;	/* CFI_REG_OFFSET */
	};
	union {
		int64_t value;
		const uint8_t *expr;
	};
};

/* One line of the unwind table; other kinds of metadata are put into this form, too. */
struct cfi_row {
	uint64_t pc;
	uint64_t func_lo, func_hi;
	uint16_t cfa_reg;
	uint16_t cfa_expr_len;	/* non-zero: the CFA is cfa_expr */
	int64_t cfa_off;
	const uint8_t *cfa_expr;
	uint64_t args_size;	/* DW_CFA_GNU_args_size */
	uint16_t ra_reg;
	uint16_t n_rules;
	bool is_signal;
	bool ra_undef;
	bool cfa_deref;		/* the CFA is in memory there */
	uint8_t method;		/* enum unw_method: which kind of metadata it comes from */
	bool calls_only;	/* holds where a call was made, not for code that was interrupted */
	bool ra_sign_toggle;	/* arm64: DW_CFA_AARCH64_negate_ra_state is in force */
	struct cfi_rule rules[UNW_NREGS];
};

/* Runs the programs of @fde up to @pc. 0, or -1 where they are damaged or use unknown things. */
int cfi_row(const struct cfi_section *s, const struct cfi_fde *fde, uint64_t pc,
	    const struct unw_arch *arch, struct cfi_row *ret);

#endif

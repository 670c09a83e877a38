/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DWARF expressions as call frame information uses them (DWARF 5, 2.5 and 6.4.2). */
#ifndef SUTURE_UNWIND_EXPR_H
#define SUTURE_UNWIND_EXPR_H

#include "unwind/unwind.h"

/*
 * Evaluates @n bytes at @p. @initial (the CFA for register rules) is pushed first where
 * @has_initial. 0; -1 damaged, unsupported or too long; -2 memory; -3 an unknown register.
 */
int expr_eval(const uint8_t *p, size_t n, const struct unw_regs *regs, const struct unw_mem *mem,
	      uint8_t addr_size, bool has_initial, uint64_t initial, uint64_t *ret);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the operations on running processes share. */
#ifndef SUTURE_LIB_PROCESS_H
#define SUTURE_LIB_PROCESS_H

#include "apply/ledger.h"
#include "base/err.h"

/* -1 where @pid can never be a target: it is ourselves (P_SELF), gone, a thread of the kernel. */
int process_usable(pid_t pid, struct sut_err *err);
/* Code of ours at an address. */
struct patch_place {
	const char *patch;	/* its name, NULL: no patch's code */
	const char *func;	/* the function whose version or stub it is, NULL: a new one */
	uint64_t offset;	/* from its start */
};
/* Looks @pc up in the ledgers; what it returns points into them. */
struct patch_place process_patch_at(const struct ledgers *ls, uint64_t pc);

#endif

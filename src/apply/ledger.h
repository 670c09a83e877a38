/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger: what was done to a process, recorded in that process.
 *
 * It fills the last pages of each image (image.h), mapped private and read-only, so the target
 * cannot write it and a forked child has its own copy. The first LEDGER_VAR_SIZE bytes change;
 * all after them is constant from the moment the image is mapped, and has a checksum. Where a
 * patch has several objects, the variable part of the *first* image (index 0) is the only one
 * that counts: one word and one state for the whole patch.
 */
#ifndef SUTURE_APPLY_LEDGER_H
#define SUTURE_APPLY_LEDGER_H

#include "base/buf.h"
#include "patch/patch.h"
#include "proc/module.h"

#define LEDGER_MAGIC	"SUTLEDG1"
#define LEDGER_VERSION	3
#define LEDGER_VAR_SIZE 256
#define LEDGER_MAX	(16u << 20)
#define LEDGER_MAP_NAME "/memfd:suture:"	/* how the kernel shows an image in maps */

enum ledger_state {
	LEDGER_PREPARED = 1,	/* mapped, nothing redirected */
	LEDGER_SWITCHING,	/* entries are being redirected; the word says which version runs */
	LEDGER_APPLIED,
	LEDGER_REVERTING,	/* entries are being put back; the word says which version runs */
	LEDGER_REVERTED,
};
const char *ledger_state_name(uint32_t state);

/* The variable part, as it lies in the target. */
struct ledger_var {
	uint32_t word;		/* the switch: 0 old versions, 1 new versions */
	uint32_t state;		/* enum ledger_state */
	uint64_t seq;		/* order of stacking within the process, from 1 */
	uint64_t when;		/* unix time of the last change */
	uint64_t pause_ns;	/* of the last switch */
	uint32_t uid, tool_pid;
	uint32_t attempts, reserved;
	char user[64];		/* terminated */
};

struct ledger_part {
	uint64_t addr, size;	/* run-time */
};

struct ledger_func {
	char *name, *file;
	int line;
	uint64_t addr, size;	/* run-time range of the original */
	uint64_t entry;		/* run-time address of the redirect */
	uint32_t jump_len;
	uint8_t saved[TARGET_MAX_JUMP];	 /* what stood at the entry before */
	uint8_t via_stub[TARGET_MAX_JUMP]; /* the jump to the stub */
	uint8_t direct[TARGET_MAX_JUMP]; /* the jump to the new code */
	uint64_t new_addr, new_size, old_addr, old_size, stub_addr, stub_size;
	uint64_t enter_addr;	/* where the direct jump leads: the new code, or a way into it; with the
				 * bits that select its instruction set */
	struct ledger_part *parts;
	size_t n_parts, cap_parts;
	uint64_t orig_size;	/* bytes of the original from @addr on, as they stood */
	uint8_t *orig;
};

struct ledger {
	/* Constant. */
	uint8_t group[16];	/* the same for all images of one apply */
	uint32_t index, n_images;
	uint8_t digest[SHA256_SIZE]; /* of the .sut */
	uint16_t machine;
	char *patch, *version, *description, *cves; /* NULL: none; CVEs separated by a space */
	char *object;
	uint8_t build_id[64];
	uint32_t build_id_size;
	uint64_t bias;
	uint64_t image_lo, image_hi, text_lo, text_hi;
	uint64_t island_lo, island_hi; /* where it is mapped; equal: there is none (island.c) */
	uint64_t word_addr;	/* of the word that this image's stubs look at */
	struct ledger_func *funcs;
	size_t n_funcs, cap_funcs;
	struct ledger_part *contracts; /* functions whose version the patch's code relies on */
	size_t n_contracts, cap_contracts;
	/* Where it was read from. */
	uint64_t addr;		/* of the variable part, run-time */
	struct ledger_var var;
};

/* Serialises, variable part included; the size does not depend on the values of any number. */
void ledger_encode(const struct ledger *l, struct buf *out);
/*
 * Reads @n bytes that lie at @addr in the target. Trusts nothing: magic, checksum, bounds. -1 with
 * P_LEDGER. @l must be freed in either case.
 */
int ledger_decode(struct ledger *l, const uint8_t *p, size_t n, uint64_t addr, const char *subject,
		  struct sut_err *err);
void ledger_free(struct ledger *l);

/* One patch in one process: its images in the order of their index. */
struct ledger_group {
	struct ledger *v;
	size_t n, cap;
	bool damaged;		/* an image is missing or unreadable: never touched */
	char why[128];		/* in what way */
	char *name;		/* of the patch, also where it is damaged */
};
/* All patches in a process, lowest sequence first. */
struct ledgers {
	struct ledger_group *v;
	size_t n, cap;
	uint64_t max_seq;
	/* Images, and islands, that were never completed (a tool died while it mapped them). */
	struct ledger_part *leftover;
	size_t n_leftover, cap_leftover;
};

/* Reads all ledgers of a process by its maps. Damage is not an error. Errors: those of memory. */
int ledgers_read(struct ledgers *ls, const struct proc_maps *maps, const struct proc_mem *mem,
		 struct sut_err *err);
void ledgers_free(struct ledgers *ls);
static inline struct ledger_var *ledger_group_var(struct ledger_group *g)
{
	return &g->v[0].var;
}
/* True where functions of the group are redirected, wholly or half. */
bool ledger_group_live(const struct ledger_group *g);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's special sections: tables that the kernel walks, with an entry for a place in code (what to
 * do when it faults, which instructions to put there on this processor, ...). An entry belongs to the
 * function that it is about and goes where that function goes.
 */
#ifndef SUTURE_KERNEL_SPECIAL_H
#define SUTURE_KERNEL_SPECIAL_H

#include "build/diff/diff.h"

#include <string.h>

enum special_role {
	SPECIAL_NONE,		/* an ordinary section */
	SPECIAL_ENTRIES,	/* entries of one size, each with a reference to the code it is about */
	SPECIAL_FIXUPS,		/* entries whose distances count from the start of the entry: start and end of the
				 * code, then start and end of what takes its place */
	SPECIAL_VALUES,		/* entries as SPECIAL_ENTRIES: boot writes a variable's value into the code, in vmlinux alone */
	SPECIAL_PAIRED,		/* entries that go by number with those of another section */
	SPECIAL_PIECES,		/* code that entries or functions refer to, of no function of its own */
	SPECIAL_OBJECTS,	/* variables that the kernel finds here; one that changes is a new one */
	SPECIAL_ALONE,		/* says nothing that counts for code that is replaced */
	SPECIAL_LISTS,		/* lists that were filled when the kernel was linked, each with a label: never new ones */
	SPECIAL_CALLS,		/* functions that the kernel calls by itself: at their start, where they are redirected */
	SPECIAL_AUTHOR,		/* what include/suture/patch.h makes */
};

struct special {
	const char *name;	/* ends with '*': all that begin so */
	uint16_t machine;	/* EM_*, 0: all */
	uint8_t role;		/* enum special_role */
	uint8_t size;		/* bytes of an entry */
	uint8_t owner;		/* where in it is the field that refers to the code */
	uint8_t refs;		/* bytes behind which there are no more fields that refer */
	bool compared;		/* the source says what it holds: else it follows from the code */
	bool early;		/* the kernel uses it when the module is loaded: what it refers to must be
				 * there by then, so nothing of a module that may come later */
	const char *with;	/* SPECIAL_PAIRED: the section whose entries these go with. SPECIAL_ENTRIES: its name in
				 * modules, NULL: the same */
};

/* Early, but of patches for our core: that has the kernel use it when all references are made. */
static inline bool special_is_deferred(const struct special *k)
{
	return !strcmp(k->name, "__jump_table");
}

/* Without an entry the place stays a call of a trampoline that the kernel keeps up to date (see keys.c). */
static inline bool special_is_shortcut(const struct special *k)
{
	return !strcmp(k->name, ".static_call_sites");
}

/* Code and data that no table is about, or that only its order tells from others. */
bool special_is_ordinary(const struct elf_sec *s);

/* What a section is, NULL: an ordinary one. */
const struct special *special_find(const char *section, uint16_t machine);

/* Of a freshly opened object: sections whose entries are those of another version of the kernel get that one's name. */
void special_settle(struct elf_obj *o);

/* For diff_opts.section_role. */
enum diff_role special_diff_role(const char *section, uint16_t machine);

static inline bool special_has_entries(const struct special *k)
{
	return k && (k->role == SPECIAL_ENTRIES || k->role == SPECIAL_FIXUPS || k->role == SPECIAL_VALUES);
}

/* What a relocation of section @s refers to: a section of @o and an offset there. False: nothing of this object. */
bool special_place(const struct elf_obj *o, const struct elf_sec *s, const struct elf_rel *r, uint32_t *ret_sec,
		   uint64_t *ret_off);

/* The function symbol (not the section alone) that entry @i of @s belongs to; 0: none. @ret_sec and
 * @ret_off get the place in code. False where the entry has no such reference. */
bool special_owner(const struct elf_obj *o, const struct elf_sec *s, const struct special *k, size_t i,
		   uint32_t *ret_sec, uint64_t *ret_off);

/*
 * What the comparison of code and data cannot see: functions whose code is the same and whose entries
 * differ (another static key, another fixup) are marked as changed. Refuses sections that nobody here
 * knows and that refer to code that changes. -1 with all reasons.
 */
int special_compare(struct diff_unit *u, const char *source, struct sut_err *err);

/* lists.c: sections that the kernel reads as a whole must hold what they held. Refuses what the patch adds to them. */
int lists_check(const struct diff_unit *u, const char *source, struct sut_err *err);
/* Of a freshly opened object: gives those lists their size. special_settle() does it. */
void lists_settle(struct elf_obj *o);
/* The label of a SPECIAL_LISTS section at or before @off, 0: none. */
uint32_t lists_label(const struct elf_obj *o, uint32_t sec, uint64_t off);

#endif

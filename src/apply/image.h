/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The image: what is mapped into a target for one object of a patch.
 *
 * An ELF shared object whose segments stand at absolute addresses (load bias 0), so that gdb
 * (`add-symbol-file-from-memory ADDR`), perf (by build-id) and our own unwinder read it like any
 * other. File offset and address differ by a constant:
 *
 *	r--	ELF header, program headers, build-id note, rodata, .eh_frame, .eh_frame_hdr,
 *		symbols, section headers
 *	r-x	switch stubs, new functions, old copies; gaps are filled with trap bytes
 *	rw-	data, bss (absent where there are none)
 *	r--	the ledger (ledger.h); e_entry holds its address
 *
 * Where the image cannot lie near its object, the file has one piece more, which is mapped there: the
 * island (island.c).
 */
#ifndef SUTURE_APPLY_IMAGE_H
#define SUTURE_APPLY_IMAGE_H

#include "apply/ledger.h"

/* A place outside of the image that its code branches to. See island.c. */
struct image_hop {
	uint32_t sym;
	int64_t off;		/* from the symbol */
	int isa;		/* of the veneer; -1: as that of the symbol */
	uint64_t veneer;	/* run-time address with isa bits, after image_build(); 0: there is none */
};

struct image_detours {		/* of a section: detour.c */
	uint64_t off, used;
};

struct image_seg {
	uint64_t off, size;	/* page-aligned; size 0: absent */
	unsigned int perms;	/* PROC_* */
};

enum { IMAGE_R, IMAGE_RX, IMAGE_RW, IMAGE_LEDGER, IMAGE_N_SEGS };

struct image {
	const struct patch_object *o; /* borrowed */
	const struct target *t;
	struct ledger ledger;	/* owned; image_build() fills addresses */
	struct image_seg seg[IMAGE_N_SEGS];
	uint64_t size;		/* of the whole, page-aligned; the island's place in the file */
	uint64_t base;		/* run-time address, after image_build() */
	struct buf file;	/* content, after image_build() */
	/* Offsets in the image. */
	uint64_t *sec_off, *stub_off;
	struct image_detours *detours; /* per section */
	uint64_t stub_room;	/* bytes for each func's switch stub and ways in */
	uint64_t note_off, eh_off, eh_size, eh_hdr_off, sym_off, shdr_off;
	size_t n_fdes;
	uint32_t n_syms;
	struct image_hop *hops;
	size_t n_hops, cap_hops;
	uint64_t hop_off;	/* of their veneers */
	uint64_t island_room;	/* bytes that an island would need; 0: there can be none */
};

/*
 * Lays @o out: everything but addresses. Takes @ledger over: its constant texts, and for each func
 * name, file, line, addr, size, entry, jump_len, saved, parts and orig must be there. -1: P_IMAGE.
 */
int image_layout(struct image *im, const struct patch_object *o, struct ledger *ledger,
		 struct sut_err *err);
/* What image_build() needs to know of the process. */
struct image_env {
	uint64_t base;		/* where the image will lie */
	uint64_t island, island_size; /* where its island will be mapped; 0: it lies near its object */
	uint64_t word_addr;	/* of the switch word; 0: in this image's own ledger */
	const uint64_t *values;	/* per symbol: run-time value of all that are not PSYM_DEF */
	const uint64_t *below;	/* per func: where the stub goes while the word is 0; 0: old copy */
};
/* Makes the content and completes im->ledger. May be called again for another base. -1: P_REACH. */
int image_build(struct image *im, const struct image_env *env, struct sut_err *err);
void image_free(struct image *im);

#endif

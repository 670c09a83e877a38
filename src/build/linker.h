/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the patch linker share: link.c, resolve.c, include.c, ehframe.c. */
#ifndef SUTURE_BUILD_LINKER_H
#define SUTURE_BUILD_LINKER_H

#include "build/link.h"
#include "elf/dynamic.h"

enum side { SIDE_NEW, SIDE_OLD };	/* patched object, original object */

struct lunit {			/* a unit while it is linked */
	struct link_unit *in;
	uint32_t *sec_of[2];	/* [side][section] -> patch section + 1 */
	uint32_t *func_of[2];	/* [side][symbol] -> diff_func + 1; cold parts too */
	uint32_t *data_of[2];	/* [side][symbol] -> diff_data + 1 */
};

struct slot {			/* a GOT slot or a stub of the patch itself */
	uint32_t target;	/* patch symbol it holds or goes to */
	int64_t add;
	uint32_t second;	/* a pair: what its second word holds; 0: a single slot */
	uint32_t sym;		/* patch symbol of the slot */
};

struct pending {		/* a section whose relocations are still to be resolved */
	struct lunit *u;
	enum side side;
	uint32_t sec;		/* in the object */
	uint32_t psec;		/* in the patch */
};

struct placed {			/* a changed function and where the object has it */
	uint64_t addr;
	struct lunit *u;
	const struct diff_func *f;
};

struct linker {
	const struct link_input *in;
	const struct prove_object *po;
	const struct target *t;
	struct patch_object *out;
	struct lunit *units;
	size_t n_units;
	struct pending *todo;
	size_t n_todo, cap_todo;
	struct placed *placed;
	size_t n_placed, cap_placed;
	struct slot *got, *plt;
	size_t n_got, cap_got, n_plt, cap_plt;
	uint32_t got_sec, plt_sec; /* patch sections + 1 */
	bool need_indirect;
	struct strvec *helpers;	/* names that the compiler's library is to bring */
	struct strvec complained; /* names already refused: one reason each is enough */
	struct sut_err *err;
};

static inline struct elf_obj *side_obj(const struct lunit *u, enum side side)
{
	return side == SIDE_NEW ? u->in->diff->new : u->in->diff->orig;
}

static inline struct ref *side_refs(const struct lunit *u, enum side side, uint32_t sec)
{
	return side == SIDE_NEW ? u->in->diff->new_refs[sec] : u->in->diff->orig_refs[sec];
}

/* The original's symbol that goes with a symbol of either side, 0: none. */
static inline uint32_t orig_sym(const struct lunit *u, enum side side, uint32_t sym)
{
	return side == SIDE_OLD ? sym : u->in->diff->to_orig[sym];
}

/* The symbol that the proof knows this one by. */
static inline uint32_t proof_sym(const struct lunit *u, uint32_t orig)
{
	return u->in->to_pu ? u->in->to_pu[orig] : orig;
}

/* One reason about a changed function. */
void link_refuse(struct linker *l, const struct lunit *u, const struct diff_func *f, enum sut_code code,
		 const char *why);

/*
 * folded.c: function @f changes, and the object has it at @addr. 1; 0 where what was added there before does for
 * this one too: it is the same, or changes to equal code; -1 where it is another and changes otherwise.
 */
int folded_add(struct linker *l, struct lunit *u, const struct diff_func *f, uint64_t addr);
/* When all are added: refuses those whose code is that of a function which does not change. */
void folded_check(struct linker *l);

struct diff_func *lunit_func(const struct lunit *u, enum side side, uint32_t sym);
struct diff_data *lunit_data(const struct lunit *u, enum side side, uint32_t sym);

/* include.c: puts an object's section into the patch (once); index of the patch section. */
uint32_t include_section(struct linker *l, struct lunit *u, enum side side, uint32_t sec);
/* A copy of an anonymous string or constant; patch symbol. */
uint32_t include_constant(struct linker *l, struct lunit *u, enum side side, const struct ref *r,
			  int64_t *ret_off);
/* Must this data be copied because it points into code that the patch carries on this side? */
bool points_into_patch(struct linker *l, struct lunit *u, enum side side, uint32_t sec);
uint32_t psec_new(struct linker *l, const char *name, enum patch_sec_kind kind, uint64_t align);
void psec_rel(struct patch_sec *s, uint64_t off, uint32_t type, uint32_t sym, int64_t addend);
uint32_t psym_new(struct linker *l, const char *name, enum patch_sym_kind kind, uint64_t value);
uint32_t psym_def(struct linker *l, const char *name, uint32_t psec, uint64_t value, uint64_t size,
		  bool is_func);
/* The same for a symbol of an object, whose section is @psec there. */
uint32_t psym_copy(struct linker *l, const char *name, uint32_t psec, const struct elf_sym *y);
/* The same address in the object twice is one symbol. */
uint32_t psym_object(struct linker *l, const char *name, uint64_t addr);
/* A slot in the patch's own GOT that holds target + add; patch symbol. */
uint32_t got_slot(struct linker *l, uint32_t target, int64_t add);
/* Two neighbouring slots: a {module, offset} pair of thread-local storage. */
uint32_t got_pair(struct linker *l, uint32_t first, uint32_t second);
/* Code of the patch's own, once for each @name. */
uint32_t own_code(struct linker *l, const char *name, const uint8_t *code, size_t n);
/*
 * What stands for the address of the object's function @sym where a pointer to it is taken: the function
 * itself, or code of the patch's own that goes there directly, where no indirect branch may enter it.
 */
uint32_t landing(struct linker *l, uint32_t sym);
/* A stub in the patch for calls by relocation @call, through a slot to a far function; patch symbol. */
uint32_t plt_stub(struct linker *l, uint32_t call, uint32_t slot_sym, const char *name);

/* resolve.c: all relocations of one included section. */
int resolve_section(struct linker *l, const struct pending *p);

/* The patch's own name for a number. */
uint32_t abs_sym(struct linker *l, const char *name, uint64_t v);

/* tlsdesc.c: a descriptor in the patch for a variable of the object; 0: none can be made. */
uint32_t tls_desc(struct linker *l, const char *name, int64_t off);

/* The code that calls descriptors, for targets with encode_tls_call(); patch symbol. */
uint32_t tls_call(struct linker *l);

/* ehframe.c: unwind records of everything included. */
int link_ehframe(struct linker *l);

/* known.c: what the proof of this unit tells of a symbol of one side, or NULL. */
const struct sym_fact *fact_of(const struct pending *p, uint32_t sym);
/* The unit of this link whose patched version defines a global; NULL: none. */
struct lunit *definer(const struct linker *l, const char *name, uint32_t *ret_sym);
/* The object's own import of this name, or NULL. */
const struct dyn_sym *dyn_import(const struct linker *l, const char *name, size_t *ret_i);
/* The object's own slot that holds a symbol's address, perhaps only once it was called. */
bool dyn_slot(const struct linker *l, const char *name, bool call, uint64_t *ret);
/* The object's slot of an indirect function, by its resolver's address. */
bool resolver_slot(const struct linker *l, uint64_t resolver, uint64_t *ret);
/* A library's global in whose place another object's may stand. */
bool interposable(const struct linker *l, const struct elf_sym *y);
/* Where a global of the object is, or for a branch its linkage stub: any unit's knowledge. */
bool global_address(struct linker *l, const char *name, bool branch, uint64_t *ret);
/* Where code of this object branches to for the function at @addr in it. */
uint64_t branch_entry(const struct linker *l, uint64_t addr);
/* What is known of a thread-local variable, or NULL; an executable's offset from the thread pointer. */
const struct sym_fact *tls_fact(struct linker *l, const struct pending *p, const struct ref *r);
bool tls_offset(struct linker *l, const struct elf_sym *y, const struct sym_fact *f, int64_t *ret);

#endif

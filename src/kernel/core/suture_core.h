/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface of suture_core, the kernel module that patches kernels without CONFIG_LIVEPATCH.
 *
 * It has the shape of the kernel's own <linux/livepatch.h>, so that one glue source serves both: a patch
 * is a list of objects (the kernel itself and its modules), an object a list of functions, and
 * suture_enable_patch() is called from the patch module's init. What differs:
 *
 *  - All tasks change over in one moment. With every CPU stopped, the stack of every task is looked at;
 *    only when nobody is in a function that changes are all redirects switched. Otherwise nothing has
 *    happened; it is tried again until the deadline (the parameter deadline_ms of suture_core), and then
 *    the patch is taken back. So no task is ever seen half way.
 *  - References to symbols that are not exported are a table (struct suture_reloc), as the loader of such
 *    a kernel knows no klp relocations.
 *  - Functions say where they are expected, and what their bytes are: nothing is enabled otherwise.
 *
 * In sysfs, while the patch module is loaded:
 *
 *   /sys/kernel/suture/NAME/enabled     1 from the start of the change until it is taken back; write 0 to
 *                                       revert, or to take back what has not happened yet; writing 1 keeps
 *                                       a patch whose revert is still waiting
 *   /sys/kernel/suture/NAME/transition  1 while it waits for tasks
 *   /sys/kernel/suture/NAME/blockers    who was in the way at the last try: "PID COMM FUNCTION+0xOFFSET",
 *                                       a line for each task; COMM may have blanks, and is in
 *                                       brackets where it is not about a task (a probe in the way).
 *                                       They stay after the deadline.
 *   /sys/kernel/suture/NAME/stacks      where those tasks are, as far as it was seen: "PID FUNCTION+0xOFFSET/0xSIZE",
 *                                       a line for each frame, innermost first. Where stacks are read word by
 *                                       word a line may be of a frame that is over.
 *   /sys/kernel/suture/NAME/OBJECT/FUNCTION,POSITION/  for each function that is replaced, as livepatch has them
 *
 * NAME is that of the patch module. The module holds a reference to itself from suture_enable_patch()
 * until the patch is off again, so rmmod says EBUSY till then. No function has to be called at its exit.
 *
 * Everything the structures point to must live as long as the patch module.
 */
#ifndef SUTURE_CORE_H
#define SUTURE_CORE_H

#include <linux/module.h>
#include <linux/types.h>

/* Changes with everything that a patch module could tell. It is the module's version. */
#define SUTURE_CORE_API 1

/**
 * struct suture_func - a function that is replaced
 * @old_name:	its name in kallsyms
 * @new_func:	the new function. NULL: nothing is redirected, the range only counts as code that changes
 *		(a part of a changed function that the compiler put elsewhere, as NAME.cold)
 * @old_sympos:	which of several symbols of that name in kallsyms, counted from 1; 0: there is only one
 * @offset:	where it is: in the kernel from _text, or from _stext where kallsyms has no _text (arm, and arm64
 *		without CONFIG_KALLSYMS_ALL); in a module from the start of @section in a module. 0 without @section: not known;
 *		otherwise the symbol must be there
 * @section:	for a module: the section @offset counts from; NULL: ".text"
 * @old_size:	its size in bytes, 0: as far as kallsyms says (the larger of both is used)
 * @expect:	the bytes it must have, NULL: not looked at
 * @mask:	the bits of @expect that count, as the kernel changes its own text (alternatives, jump
 *		labels, ftrace sites); NULL: all
 * @expect_len:	how many bytes
 */
struct suture_func {
	const char *old_name;
	void *new_func;
	unsigned long old_sympos;
	unsigned long offset;
	const char *section;
	unsigned long old_size;
	const u8 *expect;
	const u8 *mask;
	unsigned long expect_len;

	/* internal */
	unsigned long old_addr;
	unsigned long old_end;
	struct suture_site *site;
};

/**
 * struct suture_reloc - a reference in the patch module to a symbol that is not exported
 * @where:	the place in the patch module
 * @type:	what is put there: the number of the relocation in the ELF file (R_AARCH64_CALL26, ...)
 * @addend:	as in a RELA entry; of architectures with REL entries (arm) too: the place is overwritten
 * @name:	the symbol; may be NULL where the offset is enough
 * @object:	the module that has it, NULL: the kernel. Of a module that is not the patched one, but which that one
 *		needs, only what it exports: the name is enough.
 * @sympos:	as @old_sympos of a function
 * @offset:	as @offset of a function. For data of a kernel without CONFIG_KALLSYMS_ALL it is all there is.
 * @section:	as @section of a function
 *
 * For data of a module both are needed: one that is being loaded has names but no list of its sections yet,
 * one that is loaded may have kept the names of functions only.
 * A call that does not reach its target goes through a stub in @stubs of the patch; on arm64 also an `adrp` at
 * one of the last two words of a page.
 */
struct suture_reloc {
	void *where;
	unsigned int type;
	long addend;
	const char *name;
	const char *object;
	unsigned long sympos;
	unsigned long offset;
	const char *section;
};

struct suture_object;

/**
 * struct suture_callbacks - what runs around the change of an object, as the kernel's klp_callbacks
 * @pre_patch:		before it; an error refuses the patch (or the module that is being loaded)
 * @post_patch:		after it
 * @pre_unpatch:	before it is reverted
 * @post_unpatch:	after it is reverted, or was taken back before it happened
 *
 * All run in process context with the core's mutex held. The last two run only where pre_patch succeeded.
 */
struct suture_callbacks {
	int (*pre_patch)(struct suture_object *obj);
	void (*post_patch)(struct suture_object *obj);
	void (*pre_unpatch)(struct suture_object *obj);
	void (*post_unpatch)(struct suture_object *obj);
};

/**
 * struct suture_object - the kernel or a module
 * @name:	the module, NULL: the kernel. A module that is loaded later is patched before its init runs.
 * @srcversion:	for a module: its modinfo srcversion must be this; NULL: not looked at
 * @funcs:	ends with an element without @old_name
 * @relocs:	references of this object's new code; applied when the object is there
 * @nr_relocs:	how many
 * @callbacks:	see there
 * @mod:	the module, while it is loaded
 */
struct suture_object {
	const char *name;
	const char *srcversion;
	struct suture_func *funcs;
	const struct suture_reloc *relocs;
	unsigned int nr_relocs;
	struct suture_callbacks callbacks;
	struct module *mod;

	/* internal */
	bool ready;
	bool patched;
	bool callbacks_due;
};

/**
 * struct suture_state - a change of the system's state that patches hand over, as the kernel's klp_state
 * @id:		its number, not 0
 * @version:	a patch that replaces another must have a version at least as high
 * @data:	free for the patches
 */
struct suture_state {
	unsigned long id;
	unsigned int version;
	void *data;
};

/**
 * struct suture_patch - all of a patch module
 * @mod:	THIS_MODULE
 * @release:	`uname -r` of the kernel it is for
 * @version:	`uname -v` of it, which names the build; both must be those of the running kernel
 * @objs:	ends with an element that has neither @name nor @funcs
 * @states:	ends with an element with id 0; NULL: none
 * @replace:	all patches that are enabled are replaced by this one, in the same moment
 * @stubs:	room in the patch module's .text for calls out of reach, SUTURE_STUB_SIZE aligned to 16
 *		for each function that @relocs call, and each place where they need one for itself
 * @stubs_size:	its size in bytes
 * @jumps:	struct jump_entry of the patch's code, as in the section __jump_table, which would be read before
 *		@relocs of the kernel tell where the keys are; in writable memory. The module has no
 *		section of that name then, and the first of @objs is the kernel.
 * @nr_jumps:	how many
 */
struct suture_patch {
	struct module *mod;
	const char *release;
	const char *version;
	struct suture_object *objs;
	struct suture_state *states;
	bool replace;
	void *stubs;
	unsigned int stubs_size;
	void *jumps;
	unsigned int nr_jumps;

	/* internal */
	unsigned int stubs_used;
};

/* Room for one stub on any architecture. */
#define SUTURE_STUB_SIZE 48

#define suture_for_each_object(patch, obj) \
	for (obj = (patch)->objs; obj->funcs || obj->name; obj++)

#define suture_for_each_func(obj, func) \
	for (func = (obj)->funcs; func && func->old_name; func++)

/**
 * suture_enable_patch() - check everything, then start the change
 *
 * To be called from the patch module's init. 0 says that the patch fits and the change is under way (or
 * done): follow it in sysfs. On an error nothing has been changed and the log says why:
 *
 *   -ENOEXEC	another kernel, other bytes, another module than it was built for
 *   -ENOENT	a symbol is not there, or not where it was
 *   -EOPNOTSUPP	a function that cannot be redirected (notrace, __init), a relocation not known
 *   -EBUSY	another patch is in transition, a probe is in a function, a module is just being loaded
 *   -EINVAL	a patch that says something impossible; -ENOMEM; or what a pre_patch callback returned
 */
int suture_enable_patch(struct suture_patch *patch);

/* Shadow variables: data of any object's, without a change of its type. As klp_shadow_*(). */
typedef int (*suture_shadow_ctor_t)(void *obj, void *shadow_data, void *ctor_data);
typedef void (*suture_shadow_dtor_t)(void *obj, void *shadow_data);

void *suture_shadow_get(void *obj, unsigned long id);
void *suture_shadow_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp_flags,
			  suture_shadow_ctor_t ctor, void *ctor_data);
void *suture_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp_flags,
				 suture_shadow_ctor_t ctor, void *ctor_data);
void suture_shadow_free(void *obj, unsigned long id, suture_shadow_dtor_t dtor);
void suture_shadow_free_all(unsigned long id, suture_shadow_dtor_t dtor);

/* States, for callbacks: of this patch, and of the newest other patch that is enabled. */
struct suture_state *suture_get_state(struct suture_patch *patch, unsigned long id);
struct suture_state *suture_get_prev_state(unsigned long id);

#endif

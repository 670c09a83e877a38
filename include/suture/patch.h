/* SPDX-License-Identifier: MIT */
/*
 * What the source of a patch may say beside changing functions: functions to be called around the change,
 * data attached to objects of the kernel, versions of the system's state. For patches of the kernel.
 *
 * The diff adds `#include <suture/patch.h>` to a file and the macros at its end, after the functions that
 * they name:
 *
 *	static int limits_pre(struct suture_object *obj) { ...; return 0; }
 *	SUTURE_PRE_PATCH(limits_pre);
 *
 * `suture build` makes a table of them for the module; the file itself gets no other code by it.
 */
#ifndef SUTURE_PATCH_AUTHOR_H
#define SUTURE_PATCH_AUTHOR_H

#ifdef __KERNEL__
#include <linux/types.h>

#ifdef CONFIG_LIVEPATCH
#include <linux/livepatch.h>
#define suture_object klp_object
#define suture_shadow_get klp_shadow_get
#define suture_shadow_alloc klp_shadow_alloc
#define suture_shadow_get_or_alloc klp_shadow_get_or_alloc
#define suture_shadow_free klp_shadow_free
#define suture_shadow_free_all klp_shadow_free_all
#else
struct suture_object;
typedef int (*suture_shadow_ctor_t)(void *obj, void *shadow_data, void *ctor_data);
typedef void (*suture_shadow_dtor_t)(void *obj, void *shadow_data);
void *suture_shadow_get(void *obj, unsigned long id);
void *suture_shadow_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp_flags,
			  suture_shadow_ctor_t ctor, void *ctor_data);
void *suture_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp_flags,
				 suture_shadow_ctor_t ctor, void *ctor_data);
void suture_shadow_free(void *obj, unsigned long id, suture_shadow_dtor_t dtor);
void suture_shadow_free_all(unsigned long id, suture_shadow_dtor_t dtor);
#endif
#endif

#define SUTURE_ENTRY_(kind, fn)						\
	static const void *const __suture_##kind##_##fn			\
	__attribute__((__used__, __section__(".suture." #kind))) = (const void *)(fn)

/*
 * Callbacks of the object (the kernel or the module) that the file is part of, one of each kind for an
 * object. They run in process context and may sleep.
 *
 *	int  pre(struct suture_object *)	before the object is patched; an error refuses the patch
 *	void post(struct suture_object *)	when all tasks run the new version
 *	void pre_un(struct suture_object *)	before a revert begins
 *	void post_un(struct suture_object *)	when all tasks run the original again; also where pre
 *						succeeded and the patch was then taken back
 */
#define SUTURE_PRE_PATCH(fn)	SUTURE_ENTRY_(pre_patch, fn)
#define SUTURE_POST_PATCH(fn)	SUTURE_ENTRY_(post_patch, fn)
#define SUTURE_PRE_UNPATCH(fn)	SUTURE_ENTRY_(pre_unpatch, fn)
#define SUTURE_POST_UNPATCH(fn)	SUTURE_ENTRY_(post_unpatch, fn)

/* A change of the system's state that patches hand over, as the kernel's klp_state: a number, not 0, and
 * its version. A patch that replaces this one must have it in the same version or a later one. */
struct suture_state_entry_ {
	unsigned long long id;
	unsigned long long version;
};
#define SUTURE_STATE(number, ver)					\
	static const struct suture_state_entry_ __suture_state_##number	\
	__attribute__((__used__, __section__(".suture.state"))) = {number, ver}

/* The patch takes the place of all others, as with --replace. */
#define SUTURE_REPLACE()						\
	static const char __suture_replace				\
	__attribute__((__used__, __section__(".suture.replace"))) = 1

#endif

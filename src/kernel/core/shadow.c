// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Shadow variables: data that belongs to an object of the kernel without being in its type. A patch that
 * would have added a member to a structure attaches a shadow variable to each object instead.
 *
 * A hash table, by the object's address and a number. Readers need no lock (RCU), writers share one that
 * may be taken in interrupts. Constructors and destructors run under it, so that what others see is
 * complete; they must not sleep.
 *
 * The table belongs to the core, so that shadow variables outlive the patch that made them and the next
 * patch finds them. What is still there when the core goes is freed without a destructor, as the code of
 * those has gone before.
 */
#include <linux/hashtable.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "core.h"

static DEFINE_HASHTABLE(shadows, 10);
static DEFINE_SPINLOCK(shadow_lock);

struct shadow {
	struct hlist_node node;
	struct rcu_head rcu;
	void *obj;
	unsigned long id;
	char data[] __aligned(sizeof(u64));
};

static struct shadow *shadow_find(void *obj, unsigned long id)
{
	struct shadow *s;

	hash_for_each_possible_rcu(shadows, s, node, (unsigned long)obj, lockdep_is_held(&shadow_lock))
		if (s->obj == obj && s->id == id)
			return s;
	return NULL;
}

void *suture_shadow_get(void *obj, unsigned long id)
{
	struct shadow *s;

	rcu_read_lock();
	s = shadow_find(obj, id);
	rcu_read_unlock();
	return s ? s->data : NULL;
}
EXPORT_SYMBOL_GPL(suture_shadow_get);

static void *shadow_make(void *obj, unsigned long id, size_t size, gfp_t gfp, suture_shadow_ctor_t ctor,
			 void *ctor_data, bool or_get)
{
	struct shadow *s, *old;
	unsigned long flags;

	if (or_get) {
		void *data = suture_shadow_get(obj, id);

		if (data)
			return data;
	}
	s = kzalloc(struct_size(s, data, size), gfp);
	if (!s)
		return NULL;
	s->obj = obj;
	s->id = id;
	spin_lock_irqsave(&shadow_lock, flags);
	old = shadow_find(obj, id);
	if (old || (ctor && ctor(obj, s->data, ctor_data))) {
		spin_unlock_irqrestore(&shadow_lock, flags);
		kfree(s);
		/* Somebody was faster: one who asked for a new one must not share it unknowingly. */
		return old && or_get ? old->data : NULL;
	}
	hash_add_rcu(shadows, &s->node, (unsigned long)obj);
	spin_unlock_irqrestore(&shadow_lock, flags);
	return s->data;
}

void *suture_shadow_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp_flags, suture_shadow_ctor_t ctor,
			  void *ctor_data)
{
	return shadow_make(obj, id, size, gfp_flags, ctor, ctor_data, false);
}
EXPORT_SYMBOL_GPL(suture_shadow_alloc);

void *suture_shadow_get_or_alloc(void *obj, unsigned long id, size_t size, gfp_t gfp_flags,
				 suture_shadow_ctor_t ctor, void *ctor_data)
{
	return shadow_make(obj, id, size, gfp_flags, ctor, ctor_data, true);
}
EXPORT_SYMBOL_GPL(suture_shadow_get_or_alloc);

static void shadow_drop(struct shadow *s, suture_shadow_dtor_t dtor)
{
	hash_del_rcu(&s->node);
	if (dtor)
		dtor(s->obj, s->data);
	kfree_rcu(s, rcu);
}

void suture_shadow_free(void *obj, unsigned long id, suture_shadow_dtor_t dtor)
{
	unsigned long flags;
	struct shadow *s;

	spin_lock_irqsave(&shadow_lock, flags);
	s = shadow_find(obj, id);
	if (s)
		shadow_drop(s, dtor);
	spin_unlock_irqrestore(&shadow_lock, flags);
}
EXPORT_SYMBOL_GPL(suture_shadow_free);

void suture_shadow_free_all(unsigned long id, suture_shadow_dtor_t dtor)
{
	struct hlist_node *tmp;
	unsigned long flags;
	struct shadow *s;
	int i;

	spin_lock_irqsave(&shadow_lock, flags);
	hash_for_each_safe(shadows, i, tmp, s, node)
		if (s->id == id)
			shadow_drop(s, dtor);
	spin_unlock_irqrestore(&shadow_lock, flags);
}
EXPORT_SYMBOL_GPL(suture_shadow_free_all);

void shadow_exit(void)
{
	struct hlist_node *tmp;
	struct shadow *s;
	int i;

	/* No patch module is left, so nobody else can come here. */
	hash_for_each_safe(shadows, i, tmp, s, node) {
		hash_del_rcu(&s->node);
		kfree_rcu(s, rcu);
	}
	/* kfree_rcu() needs no code of this module to run. */
}

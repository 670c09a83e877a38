// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What is patched: the kernel, or a module, which may come and go while the patch is there.
 *
 * A module that is being loaded is patched before its init runs, so nobody can be in it: its redirects are
 * set at once, without a stop. If its part of a patch does not fit, the module is not loaded: it would run
 * unpatched while the patch says that it is on. A module that goes has no user any more; its part is undone
 * after its exit ran and before its memory is freed.
 *
 * The notifier takes suture_mutex, so a module can neither come nor go while a patch looks at it.
 */
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "core.h"

const struct suture_entry *suture_caller;

void object_call(const struct suture_entry *entry, struct suture_object *obj,
		 void (*callback)(struct suture_object *obj))
{
	suture_caller = entry;
	if (callback)
		callback(obj);
	suture_caller = NULL;
}

static int call_pre_patch(const struct suture_entry *entry, struct suture_object *obj)
{
	int err = 0;

	suture_caller = entry;
	if (obj->callbacks.pre_patch)
		err = obj->callbacks.pre_patch(obj);
	suture_caller = NULL;
	return err;
}

/* Finds the module, if it is loaded. */
int object_find(struct suture_object *obj)
{
	struct module *mod;
	int err = 0;

	obj->mod = NULL;
	if (!obj->name)
		return 0;
	rcu_read_lock_sched();
	mod = suture_kernel.find_module(obj->name);
	if (mod && mod->state == MODULE_STATE_LIVE)
		obj->mod = mod;
	else if (mod && mod->state == MODULE_STATE_COMING)
		/* Its notification may be behind us already, and ftrace not yet ready for it. */
		err = -EBUSY;
	/* UNFORMED: its notification is to come. GOING: it is as good as gone. */
	rcu_read_unlock_sched();
	if (err)
		pr_err("%s is just being loaded\n", obj->name);
	return err;
}

static bool object_loaded(const struct suture_object *obj)
{
	return !obj->name || obj->mod;
}

/* Does all of it fit? Changes nothing. */
int object_check(struct suture_object *obj)
{
	struct suture_func *func;
	int err;

	if (!object_loaded(obj))
		return 0;
	if (obj->mod && obj->srcversion &&
	    (!obj->mod->srcversion || strcmp(obj->srcversion, obj->mod->srcversion))) {
		pr_err("%s is another build than the patch is for\n", obj->name);
		return -ENOEXEC;
	}
	suture_for_each_func(obj, func) {
		struct suture_func *other;

		err = site_check(obj, func);
		if (err)
			return err;
		for (other = obj->funcs; other != func; other++)
			if (other->old_addr == func->old_addr) {
				pr_err("%s is in the patch twice\n", func->old_name);
				return -EINVAL;
			}
	}
	return 0;
}

/* References, the first callback, redirects that lead nowhere yet. */
int object_enable(struct suture_entry *entry, struct suture_object *obj)
{
	struct suture_func *func;
	int err;

	if (!object_loaded(obj))
		return 0;
	err = reloc_apply(entry, obj);
	/* The kernel is the first object: so this is before any code of the patch runs. */
	if (!err && !obj->name)
		err = jumps_add(entry->patch);
	if (!err)
		err = call_pre_patch(entry, obj);
	if (err)
		return err;
	obj->callbacks_due = true;
	obj->ready = true;
	suture_for_each_func(obj, func) {
		if (!func->new_func)
			continue;
		err = site_get(obj, func);
		if (err) {
			object_disable(entry, obj);
			return err;
		}
	}
	return 0;
}

/* The redirects lead nowhere any more. */
void object_disable(struct suture_entry *entry, struct suture_object *obj)
{
	struct suture_func *func;

	if (!obj->ready)
		return;
	obj->ready = false;
	obj->patched = false;
	suture_for_each_func(obj, func)
		site_put(func);
	if (obj->callbacks_due)
		object_call(entry, obj, obj->callbacks.post_unpatch);
	obj->callbacks_due = false;
}

/* Sets the redirects of functions that nobody can be in. */
static void switch_object(struct suture_object *obj)
{
	struct suture_func *func;

	suture_for_each_func(obj, func)
		if (func->site && func->site->next != func->site->active)
			arch_site_switch(func->site);
}

static void module_going(struct module *mod)
{
	struct suture_entry *entry;
	struct suture_object *obj;
	struct suture_func *func;

	list_for_each_entry_reverse(entry, &suture_entries, node)
		suture_for_each_object(entry->patch, obj) {
			if (!obj->name || obj->mod != mod)
				continue;
			if (obj->ready && obj->patched)
				object_call(entry, obj, obj->callbacks.pre_unpatch);
			suture_for_each_func(obj, func)
				if (func->site) {
					func->site->next = 0;
					func->site->next_end = 0;
				}
			switch_object(obj);
			object_disable(entry, obj);
			obj->mod = NULL;
		}
}

static int module_coming(struct module *mod)
{
	struct suture_entry *entry;
	struct suture_object *obj;
	struct suture_func *func;
	int err = 0;

	list_for_each_entry(entry, &suture_entries, node) {
		if (entry->state == SUTURE_OFF)
			continue;
		suture_for_each_object(entry->patch, obj) {
			if (!obj->name || strcmp(obj->name, mod->name))
				continue;
			obj->mod = mod;
			err = object_check(obj);
			if (!err)
				err = object_enable(entry, obj);
			if (!err && entry->state != SUTURE_ENABLING) {
				suture_plan(NULL);
				suture_for_each_func(obj, func)
					if (func->site && !err)
						err = arch_site_ready(func->site);
			}
			if (err) {
				pr_err("%s does not fit %s, which is not loaded therefore\n", entry->name,
				       mod->name);
				module_going(mod);
				return err;
			}
			/* One that waits for tasks does this part with the rest. */
			if (entry->state == SUTURE_ENABLING)
				continue;
			switch_object(obj);
			/* While a revert waits it is as if pre_unpatch had been; post_patch comes if the revert is taken back. */
			if (entry->state == SUTURE_DISABLING)
				continue;
			obj->patched = true;
			object_call(entry, obj, obj->callbacks.post_patch);
		}
	}
	return 0;
}

/* The patch's own module goes: nothing of it may be used from here on. */
static void patch_going(struct module *mod)
{
	struct suture_entry *entry, *found = NULL;

	mutex_lock(&suture_mutex);
	list_for_each_entry(entry, &suture_entries, node)
		if (entry->patch->mod == mod)
			found = entry;
	if (found) {
		/* Only when its init failed after suture_enable_patch(): else it holds a reference. */
		if (found->state != SUTURE_OFF)
			suture_force_off(found);
		list_del_init(&found->node);
		found->patch = NULL;
	}
	mutex_unlock(&suture_mutex);
	if (found)
		entry_drop(found);
}

int object_notify(struct notifier_block *nb, unsigned long action, void *data)
{
	struct module *mod = data;
	int err = 0;

	if (action == MODULE_STATE_GOING)
		patch_going(mod);
	if (action != MODULE_STATE_COMING && action != MODULE_STATE_GOING)
		return 0;
	mutex_lock(&suture_mutex);
	if (action == MODULE_STATE_COMING)
		err = module_coming(mod);
	else
		module_going(mod);
	mutex_unlock(&suture_mutex);
	return notifier_from_errno(err);
}

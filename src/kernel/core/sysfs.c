// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * /sys/kernel/suture/NAME: see suture_core.h. A file may be read or written while the patch's module goes:
 * everything is looked up in the entry, under suture_mutex, and the entry has its own memory.
 */
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "core.h"

static struct kobject *suture_dir;

static struct suture_entry *to_entry(struct kobject *kobj)
{
	return container_of(kobj, struct suture_entry, kobj);
}

static ssize_t enabled_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	enum suture_patch_state state;

	mutex_lock(&suture_mutex);
	state = to_entry(kobj)->state;
	mutex_unlock(&suture_mutex);
	/* As the kernel's livepatch shows it: what the change leads to. */
	return sysfs_emit(buf, "%d\n", state == SUTURE_ON || state == SUTURE_ENABLING);
}

static ssize_t enabled_store(struct kobject *kobj, struct kobj_attribute *attr, const char *buf, size_t count)
{
	bool on;
	int err = kstrtobool(buf, &on);

	if (err)
		return err;
	mutex_lock(&suture_mutex);
	err = suture_set_enabled(to_entry(kobj), on);
	mutex_unlock(&suture_mutex);
	return err ?: count;
}

static ssize_t transition_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	enum suture_patch_state state;

	mutex_lock(&suture_mutex);
	state = to_entry(kobj)->state;
	mutex_unlock(&suture_mutex);
	return sysfs_emit(buf, "%d\n", state == SUTURE_ENABLING || state == SUTURE_DISABLING);
}

static ssize_t show_text(const char *text, char *buf)
{
	ssize_t n;

	mutex_lock(&suture_mutex);
	n = sysfs_emit(buf, "%s", text);
	mutex_unlock(&suture_mutex);
	return n;
}

static ssize_t blockers_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return show_text(to_entry(kobj)->report, buf);
}

static ssize_t stacks_show(struct kobject *kobj, struct kobj_attribute *attr, char *buf)
{
	return show_text(to_entry(kobj)->stacks, buf);
}

static struct kobj_attribute enabled_attr = __ATTR(enabled, 0644, enabled_show, enabled_store);
static struct kobj_attribute transition_attr = __ATTR(transition, 0444, transition_show, NULL);
static struct kobj_attribute blockers_attr = __ATTR(blockers, 0400, blockers_show, NULL);
static struct kobj_attribute stacks_attr = __ATTR(stacks, 0400, stacks_show, NULL);

static struct attribute *entry_attrs[] = {
	&enabled_attr.attr,
	&transition_attr.attr,
	&blockers_attr.attr,
	&stacks_attr.attr,
	NULL,
};
ATTRIBUTE_GROUPS(entry);

static void entry_release(struct kobject *kobj)
{
	struct suture_entry *entry = to_entry(kobj);

	kfree(entry->stubs);
	kfree(entry->dirs);
	kfree(entry->report);
	kfree(entry->stacks);
	kfree(entry);
	/* The reference that entry_new() took: this code had to be there until now. */
	module_put(THIS_MODULE);
}

static struct kobj_type entry_type = {
	.release = entry_release,
	.sysfs_ops = &kobj_sysfs_ops,
	.default_groups = entry_groups,
};

static struct kobject *add_dir(struct suture_entry *entry, const char *name, struct kobject *parent)
{
	struct kobject *dir = kobject_create_and_add(name, parent);

	if (dir)
		entry->dirs[entry->nr_dirs++] = dir;
	return dir;
}

/* A folder for each object, and in it one for each function. */
static int add_dirs(struct suture_entry *entry)
{
	struct suture_object *obj;
	struct suture_func *func;
	unsigned int n = 0;

	suture_for_each_object(entry->patch, obj) {
		n++;
		suture_for_each_func(obj, func)
			n++;
	}
	entry->dirs = kcalloc(n, sizeof(*entry->dirs), GFP_KERNEL);
	if (!entry->dirs)
		return -ENOMEM;
	suture_for_each_object(entry->patch, obj) {
		struct kobject *dir = add_dir(entry, obj->name ?: "vmlinux", &entry->kobj);

		if (!dir)
			return -ENOMEM;
		suture_for_each_func(obj, func) {
			char *name;

			if (!func->new_func)
				continue;
			name = kasprintf(GFP_KERNEL, "%s,%lu", func->old_name, func->old_sympos ?: 1);
			if (!name || !add_dir(entry, name, dir)) {
				kfree(name);
				return -ENOMEM;
			}
			kfree(name);
		}
	}
	return 0;
}

static void remove_dirs(struct suture_entry *entry)
{
	while (entry->nr_dirs) {
		kobject_del(entry->dirs[--entry->nr_dirs]);
		kobject_put(entry->dirs[entry->nr_dirs]);
	}
}

struct suture_entry *entry_new(struct suture_patch *patch)
{
	struct suture_entry *entry = kzalloc(sizeof(*entry), GFP_KERNEL);
	int err;

	if (!entry)
		return ERR_PTR(-ENOMEM);
	entry->patch = patch;
	INIT_LIST_HEAD(&entry->node);
	strscpy(entry->name, patch->mod->name, sizeof(entry->name));
	entry->report = kzalloc(PAGE_SIZE, GFP_KERNEL);
	entry->stacks = kzalloc(PAGE_SIZE, GFP_KERNEL);
	__module_get(THIS_MODULE);
	err = kobject_init_and_add(&entry->kobj, &entry_type, suture_dir, "%s", entry->name);
	if (!err && (!entry->report || !entry->stacks))
		err = -ENOMEM;
	if (!err)
		err = add_dirs(entry);
	if (err) {
		entry->state = SUTURE_OFF;
		remove_dirs(entry);
		kobject_put(&entry->kobj);
		return ERR_PTR(err);
	}
	return entry;
}

void entry_drop(struct suture_entry *entry)
{
	remove_dirs(entry);
	kobject_del(&entry->kobj);
	kobject_put(&entry->kobj);
}

int entries_init(void)
{
	suture_dir = kobject_create_and_add("suture", kernel_kobj);
	return suture_dir ? 0 : -ENOMEM;
}

void entries_exit(void)
{
	kobject_put(suture_dir);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Jump labels of a patch's code.
 *
 * The kernel reads a module's table of jump labels before the module's init, and follows each entry to its key.
 * Most keys are not exported: in a patch module these references are made here, in its init. So its table is in a
 * section of another name, which the kernel does not know, and is handed over when it is complete: the module gets
 * its table, and the kernel's own notifier is called as if the module was just coming. When the module goes, the
 * kernel takes the entries back by itself.
 *
 * Before 6.10 the kernel writes to each key, also to those that are read-only since the kernel's start, and does
 * not survive that. Such a key is refused: with the lock held that guards what is written, its own value is
 * written back in a way that may fail.
 */
#include <linux/jump_label.h>
#include <linux/notifier.h>
#include <linux/uaccess.h>

#include "core.h"

#ifdef CONFIG_JUMP_LABEL
static bool key_can_be_written(struct static_key *key)
{
	void (*lock)(void) = (void *)symbols_function("jump_label_lock");
	void (*unlock)(void) = (void *)symbols_function("jump_label_unlock");
	long (*write)(void *to, const void *from, size_t size) = (void *)symbols_function("copy_to_kernel_nofault");
	unsigned long word;
	bool can;

	if (!compat_jumps_write_keys())
		return true;
	if (!lock || !unlock || !write)
		return false;
	lock();
	can = !copy_from_kernel_nofault(&word, &key->type, sizeof(word)) && !write(&key->type, &word, sizeof(word));
	unlock();
	return can;
}

static int check_entry(struct module *mod, struct jump_entry *entry)
{
	unsigned long code = jump_entry_code(entry), text_size, text = compat_module_text(mod, &text_size);
	struct static_key *key = jump_entry_key(entry);

	if (code - text >= text_size) {
		pr_err("%s: a jump label at %px is not in its text\n", mod->name, (void *)code);
		return -EINVAL;
	}
	if (!compat_module_owns(mod, (unsigned long)key) && !key_can_be_written(key)) {
		pr_err("%s: a jump label has a key that is read-only\n", mod->name);
		return -EOPNOTSUPP;
	}
	return 0;
}

int jumps_add(struct suture_patch *patch)
{
	struct jump_entry *entries = patch->jumps;
	struct module *mod = patch->mod;
	int (*notify)(struct notifier_block *nb, unsigned long action, void *data);
	unsigned int i;
	int err;

	if (!patch->nr_jumps)
		return 0;
	if (mod->num_jump_entries || !compat_module_owns(mod, (unsigned long)entries) ||
	    !compat_module_owns(mod, (unsigned long)(entries + patch->nr_jumps) - 1)) {
		pr_err("%s: its jump labels are not where they should be\n", mod->name);
		return -EINVAL;
	}
	notify = (void *)symbols_function("jump_label_module_notify");
	if (!notify)
		return -ENOENT;
	for (i = 0; i < patch->nr_jumps; i++) {
		err = check_entry(mod, &entries[i]);
		if (err)
			return err;
	}
	mod->jump_entries = entries;
	mod->num_jump_entries = patch->nr_jumps;
	return notifier_to_errno(notify(NULL, MODULE_STATE_COMING, mod));
}
#else
int jumps_add(struct suture_patch *patch)
{
	return patch->nr_jumps ? -EOPNOTSUPP : 0;
}
#endif

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
 * not survive that. Such a key never changes again, so the entry gets a key of ours that has the same value, the
 * initial one (which tells what the compiler put there) and the one now. Whether a key can be written is tried:
 * with the lock held that guards what is written, its own value is written back in a way that may fail.
 */
#include <linux/jump_label.h>
#include <linux/notifier.h>
#include <linux/uaccess.h>

#include "core.h"

#ifdef CONFIG_JUMP_LABEL
/* 1: yes, 0: no, or an error. */
static int key_can_be_written(struct static_key *key)
{
	void (*lock)(void) = (void *)symbols_function("jump_label_lock");
	void (*unlock)(void) = (void *)symbols_function("jump_label_unlock");
	long (*write)(void *to, const void *from, size_t size) = (void *)symbols_function("copy_to_kernel_nofault");
	unsigned long word;
	int ret;

	if (!compat_jumps_write_keys())
		return 1;
	if (!lock || !unlock || !write)
		return -ENOENT;
	lock();
	ret = copy_from_kernel_nofault(&word, &key->type, sizeof(word));
	if (!ret)
		ret = !write(&key->type, &word, sizeof(word));
	unlock();
	return ret;
}

/* By what they began as and what they are: [began][is]. */
static struct static_key copies[2][2] = {
	{ STATIC_KEY_INIT_FALSE, STATIC_KEY_INIT_FALSE }, { STATIC_KEY_INIT_TRUE, STATIC_KEY_INIT_TRUE }
};

static void use_copy(struct jump_entry *entry, struct static_key *key)
{
	unsigned int began = key->type & 1, is = static_key_enabled(key);
	struct static_key *copy = &copies[began][is];

	if (is)
		static_key_enable(copy);
	else
		static_key_disable(copy);
#ifdef CONFIG_HAVE_ARCH_JUMP_LABEL_RELATIVE
	entry->key = ((unsigned long)copy - (unsigned long)&entry->key) | (entry->key & 3);
#else
	entry->key = (unsigned long)copy | (entry->key & 3);
#endif
}

static int check_entry(struct module *mod, struct jump_entry *entry)
{
	unsigned long code = jump_entry_code(entry), text_size, text = compat_module_text(mod, &text_size);
	struct static_key *key = jump_entry_key(entry);
	int can;

	if (code - text >= text_size) {
		pr_err("%s: a jump label at %px is not in its text\n", mod->name, (void *)code);
		return -EINVAL;
	}
	can = compat_module_owns(mod, (unsigned long)key) ? 1 : key_can_be_written(key);
	if (can < 0) {
		pr_err("%s: whether the key of a jump label can be written is not known\n", mod->name);
		return can;
	}
	if (!can)
		use_copy(entry, key);
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
	/* The kernel keeps marks in the low bits of their address. */
	if (mod->num_jump_entries || !IS_ALIGNED((unsigned long)entries, sizeof(long)) || !compat_module_owns(mod, (unsigned long)entries) ||
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
	err = notifier_to_errno(notify(NULL, MODULE_STATE_COMING, mod));
	/* The kernel has taken back what it had added: when the module goes it must not look for that. */
	if (err)
		mod->num_jump_entries = 0;
	return err;
}
#else
int jumps_add(struct suture_patch *patch)
{
	return patch->nr_jumps ? -EOPNOTSUPP : 0;
}
#endif

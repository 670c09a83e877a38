// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * suture_core: live patches on kernels that are built without CONFIG_LIVEPATCH.
 *
 * The life of a patch:
 *
 *   suture_enable_patch()   everything is checked and prepared: references, callbacks, redirects that lead
 *                           nowhere yet. An error undoes all of it.
 *   ENABLING                a worker tries the change: all CPUs stop, all tasks are looked at (check.c), and
 *                           either all redirects are switched or none. While somebody is in the way it is
 *                           tried again, more and more slowly, until the deadline.
 *   ON                      the patch works. With `replace` all others went off in the same moment.
 *   DISABLING               enabled was written 0: the same the other way, where nobody may be in any code
 *                           of the patch module. After the deadline it is ON again.
 *   OFF                     all is undone, and the module may be unloaded.
 *
 * Writing the other value to `enabled` while a change waits ends it at once, as nothing has happened yet.
 *
 * References: the patch module's to itself, from the start of ENABLING to OFF, is what forbids rmmod while
 * its code may run. The core's module stays as patch modules use its symbols, and each entry holds one.
 */
#include <linux/ctype.h>
#include <linux/jiffies.h>
#include <linux/kallsyms.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/stop_machine.h>
#include <linux/string.h>
#include <linux/utsname.h>
#include <linux/workqueue.h>

#include "core.h"

DEFINE_MUTEX(suture_mutex);
LIST_HEAD(suture_entries);

static unsigned int deadline_ms = 15000;
module_param(deadline_ms, uint, 0644);
MODULE_PARM_DESC(deadline_ms, "how long a change may wait for tasks before it is taken back");

/* The patch that is ENABLING or DISABLING. */
static struct suture_entry *changing;
static void work_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(work, work_fn);

/* ---- what each function leads to ---- */

static bool is_on(const struct suture_entry *entry, const struct suture_entry *change)
{
	if (entry == change)
		return entry->state == SUTURE_ENABLING;
	if (change && change->state == SUTURE_ENABLING && change->patch->replace)
		return false;
	return entry->state == SUTURE_ON || entry->state == SUTURE_DISABLING;
}

/* Sets next of all sites, for when the change has been made; for NULL: as it is now. */
void suture_plan(const struct suture_entry *change)
{
	struct suture_entry *entry;
	struct suture_object *obj;
	struct suture_func *func;
	struct suture_site *site;

	list_for_each_entry(site, &suture_sites, node) {
		site->next = 0;
		site->next_end = 0;
	}
	list_for_each_entry(entry, &suture_entries, node) {
		const struct module *mod = entry->patch->mod;

		if (!is_on(entry, change))
			continue;
		suture_for_each_object(entry->patch, obj)
			suture_for_each_func(obj, func)
				if (obj->ready && func->site) {
					func->site->next = (unsigned long)func->new_func;
					func->site->next_end = site_new_end(mod, func->site->next);
				}
	}
}

/* ---- one try ---- */

/* The patch module that has @addr in its code. */
static struct module *owner_of(unsigned long addr)
{
	struct suture_entry *entry;

	list_for_each_entry(entry, &suture_entries, node) {
		unsigned long size, text = compat_module_text(entry->patch->mod, &size);

		if (addr - text < size)
			return entry->patch->mod;
	}
	return NULL;
}

/* What the compiler cut off the function that is at @addr now, and put elsewhere. */
static bool find_cold(unsigned long addr, struct suture_range *range)
{
	struct module *mod = owner_of(addr);
	unsigned long cold = mod ? symbols_cold(mod, addr) : 0;

	*range = (struct suture_range){ cold, cold ? site_new_end(mod, cold) : 0, true };
	return cold;
}

/* Code that nobody may be in for this change. */
static struct suture_range *find_ranges(const struct suture_entry *change, unsigned int *n)
{
	struct suture_range *ranges;
	struct suture_entry *entry;
	struct suture_object *obj;
	struct suture_func *func;
	struct suture_site *site;
	unsigned int max = 1;

	list_for_each_entry(site, &suture_sites, node)
		max += 3;
	list_for_each_entry(entry, &suture_entries, node)
		max++;
	suture_for_each_object(change->patch, obj)
		suture_for_each_func(obj, func)
			max++;
	ranges = kcalloc(max, sizeof(*ranges), GFP_KERNEL);
	if (!ranges)
		return NULL;
	*n = 0;
	list_for_each_entry(site, &suture_sites, node) {
		if (site->next == site->active)
			continue;
		/*
		 * At its first instruction the old function has done nothing, and goes on through the redirect;
		 * what a redirect leads to already is entered past that decision.
		 */
		if (site->active)
			ranges[(*n)++] = (struct suture_range){ site->active, site->active_end, true };
		else
			ranges[(*n)++] = (struct suture_range){ site->addr, site->end, false };
		if (site->active && site->stub)
			ranges[(*n)++] = (struct suture_range){ site->stub, site->stub_end, true };
		if (site->active && find_cold(site->active, &ranges[*n]))
			++*n;
	}
	if (change->state == SUTURE_ENABLING)
		suture_for_each_object(change->patch, obj)
			suture_for_each_func(obj, func)
				if (obj->ready && !func->new_func)
					ranges[(*n)++] = (struct suture_range){ func->old_addr, func->old_end, true };
	/* A module that may be unloaded afterwards: all of its code. */
	list_for_each_entry(entry, &suture_entries, node)
		if (is_on(entry, NULL) && !is_on(entry, change)) {
			unsigned long size, text = compat_module_text(entry->patch->mod, &size);

			ranges[(*n)++] = (struct suture_range){ text, text + size, true };
		}
	/* Somebody in here may have a copy of an instruction, to be put back later, of a probe that is in no list yet. */
	if (arch_writes_code)
		ranges[(*n)++] = (struct suture_range){ suture_kernel.placing, suture_kernel.placing_end, false };
	return ranges;
}

static int change_stopped(void *data)
{
	struct suture_site *site;

	if (!check_all_tasks(data))
		return -EBUSY;
	/* A probe may have been placed since it was asked: the next try will name it. */
	list_for_each_entry(site, &suture_sites, node)
		if (site->next != site->active && arch_site_ready(site))
			return -EBUSY;
	list_for_each_entry(site, &suture_sites, node)
		if (site->next != site->active)
			arch_site_switch(site);
	return 0;
}

/* A name, for the report: under the mutex, as the report is. */
static char symbol[KSYM_SYMBOL_LEN];

/* A task may call itself anything: in the report that must not look like another line, nor reach a terminal. */
static void clean_name(char *comm)
{
	for (; *comm; comm++)
		if (!isascii(*comm) || !isprint(*comm))
			*comm = '?';
}

/* Whole lines only. */
static int write_stack(char *to, int room, const struct suture_blocker *b)
{
	unsigned int i;
	int len = 0;

	for (i = 0; i < b->depth; i++) {
		sprint_symbol(symbol, b->stack[i]);
		if (snprintf(NULL, 0, "%d %s\n", b->pid, symbol) >= room - len)
			break;
		len += scnprintf(to + len, room - len, "%d %s\n", b->pid, symbol);
	}
	return len;
}

static void write_report(struct suture_entry *entry, struct suture_check *check)
{
	int len = 0, stacks_len = 0;
	unsigned int i;

	entry->report[0] = 0;
	entry->stacks[0] = 0;
	for (i = 0; i < check->nr_blockers && i < check->max_blockers; i++) {
		struct suture_blocker *b = &check->blockers[i];

		clean_name(b->comm);
		sprint_symbol(symbol, b->addr);
		symbol[strcspn(symbol, "/")] = 0;
		len += scnprintf(entry->report + len, PAGE_SIZE - len, "%d %s %s\n", b->pid, b->comm, symbol);
		stacks_len += write_stack(entry->stacks + stacks_len, PAGE_SIZE - stacks_len, b);
	}
	if (check->nr_blockers > check->max_blockers)
		scnprintf(entry->report + len, PAGE_SIZE - len, "0 (%u more) -\n",
			  check->nr_blockers - check->max_blockers);
}

/*
 * 0: it is done. -EBUSY: somebody is in the way, and the report says who. Other errors: never. What is looked for is
 * not kept on the stack, which is looked at, too.
 */
static noinline int try_change(struct suture_entry *entry)
{
	struct suture_check *check;
	struct suture_site *site;
	int err = -EBUSY;

	suture_plan(entry);
	list_for_each_entry(site, &suture_sites, node)
		if (site->next != site->active && arch_site_ready(site)) {
			sprint_symbol(symbol, site->addr);
			entry->stacks[0] = 0;
			scnprintf(entry->report, PAGE_SIZE, "0 (probe) %.*s\n", (int)strcspn(symbol, "/"), symbol);
			return -EBUSY;
		}
	check = kzalloc(sizeof(*check), GFP_KERNEL);
	if (!check)
		return -EBUSY;
	check->max_blockers = SUTURE_MAX_BLOCKERS;
	check->self = current;
	check->self_frame = (unsigned long)__builtin_frame_address(0);
	check->ranges = find_ranges(entry, &check->nr_ranges);
	check->blockers = kcalloc(check->max_blockers, sizeof(*check->blockers), GFP_KERNEL);
	if (check->ranges && check->blockers) {
		err = stop_machine(change_stopped, check, NULL);
		write_report(entry, check);
	}
	kfree(check->ranges);
	kfree(check->blockers);
	kfree(check);
	return err;
}

/* ---- after a change ---- */

/* Its redirects lead nowhere, nobody is in its code: lets go of all, last of the module itself. */
static void patch_off(struct suture_entry *entry)
{
	struct suture_object *obj;

	entry->state = SUTURE_OFF;
	suture_for_each_object(entry->patch, obj)
		object_disable(entry, obj);
	/* For an NMI that came while the CPUs stood, and what else runs without being a task. */
	synchronize_rcu();
	/* For functions of the patch that its code asked RCU to call. */
	rcu_barrier();
	if (ends_lost())
		pr_warn("%s stays loaded: the end of a task could not be followed, as there was no memory\n", entry->name);
	else
		module_put(entry->patch->mod);
}

static void post_patch(struct suture_entry *entry)
{
	struct suture_object *obj;

	suture_for_each_object(entry->patch, obj) {
		if (!obj->ready)
			continue;
		obj->patched = true;
		object_call(entry, obj, obj->callbacks.post_patch);
	}
}

/* The callbacks of a patch that is replaced do not run: the new one takes over what they did. */
static void replace_others(struct suture_entry *by)
{
	struct suture_entry *entry;
	struct suture_object *obj;

	list_for_each_entry(entry, &suture_entries, node) {
		if (entry == by || entry->state != SUTURE_ON)
			continue;
		suture_for_each_object(entry->patch, obj)
			obj->callbacks_due = false;
		pr_info("%s: replaced by %s\n", entry->name, by->name);
		patch_off(entry);
	}
}

static void change_done(struct suture_entry *entry)
{
	changing = NULL;
	if (entry->state == SUTURE_ENABLING) {
		entry->state = SUTURE_ON;
		post_patch(entry);
		if (entry->patch->replace)
			replace_others(entry);
		pr_info("%s: on\n", entry->name);
	} else {
		patch_off(entry);
		pr_info("%s: off\n", entry->name);
	}
}

/* Back to where it was. Nothing has been switched, so that is only for the callbacks to know. */
static void change_reversed(struct suture_entry *entry)
{
	changing = NULL;
	if (entry->state == SUTURE_ENABLING) {
		patch_off(entry);
	} else {
		entry->state = SUTURE_ON;
		post_patch(entry);
	}
}

static void work_fn(struct work_struct *unused)
{
	struct suture_entry *entry;
	unsigned int delay;

	mutex_lock(&suture_mutex);
	entry = changing;
	if (!entry)
		goto out;
	if (!try_change(entry)) {
		change_done(entry);
	} else if (time_after_eq(jiffies, entry->deadline)) {
		pr_warn("%s: %s is taken back, as these were in the way to the end:\n%s", entry->name,
			entry->state == SUTURE_ENABLING ? "the patch" : "the revert", entry->report);
		change_reversed(entry);
	} else {
		delay = min(20 + 10 * entry->tries++, 500u);
		schedule_delayed_work(&work, msecs_to_jiffies(delay));
	}
out:
	mutex_unlock(&suture_mutex);
}

static void change_start(struct suture_entry *entry, enum suture_patch_state state)
{
	entry->state = state;
	entry->tries = 0;
	entry->report[0] = 0;
	entry->stacks[0] = 0;
	entry->deadline = jiffies + msecs_to_jiffies(deadline_ms);
	changing = entry;
	mod_delayed_work(system_wq, &work, 0);
}

int suture_set_enabled(struct suture_entry *entry, bool on)
{
	struct suture_object *obj;

	if (!entry->patch)
		return -ENODEV;
	if (on == (entry->state == SUTURE_ON || entry->state == SUTURE_ENABLING))
		return -EINVAL;
	if (changing == entry) {
		pr_info("%s: taken back\n", entry->name);
		change_reversed(entry);
		return 0;
	}
	/* A patch that is off has let go of everything: it is loaded again instead. */
	if (on)
		return -EINVAL;
	if (changing)
		return -EBUSY;
	suture_for_each_object(entry->patch, obj) {
		if (!obj->ready)
			continue;
		obj->patched = false;
		object_call(entry, obj, obj->callbacks.pre_unpatch);
	}
	change_start(entry, SUTURE_DISABLING);
	return 0;
}

/*
 * The module's memory goes whatever happens: its init failed after it had enabled its patch. So wait here
 * until nobody is in it.
 */
void suture_force_off(struct suture_entry *entry)
{
	if (entry->state == SUTURE_ON && !changing)
		suture_set_enabled(entry, false);
	if (entry->state == SUTURE_ENABLING)
		change_reversed(entry);
	while (entry->state != SUTURE_OFF) {
		if (changing == entry && !try_change(entry)) {
			change_done(entry);
			break;
		}
		mutex_unlock(&suture_mutex);
		msleep(50);
		mutex_lock(&suture_mutex);
		if (entry->state == SUTURE_ON && !changing)
			suture_set_enabled(entry, false);
	}
}

/* ---- states ---- */

struct suture_state *suture_get_state(struct suture_patch *patch, unsigned long id)
{
	struct suture_state *state;

	for (state = patch->states; state && state->id; state++)
		if (state->id == id)
			return state;
	return NULL;
}
EXPORT_SYMBOL_GPL(suture_get_state);

/* For callbacks: they run with the mutex held. */
struct suture_state *suture_get_prev_state(unsigned long id)
{
	struct suture_state *state, *last = NULL;
	struct suture_entry *entry;

	list_for_each_entry(entry, &suture_entries, node) {
		if (entry == suture_caller || entry->state != SUTURE_ON)
			continue;
		state = suture_get_state(entry->patch, id);
		if (state)
			last = state;
	}
	return last;
}
EXPORT_SYMBOL_GPL(suture_get_prev_state);

static bool states_fit(struct suture_patch *patch)
{
	struct suture_entry *entry;
	struct suture_state *old, *state;

	list_for_each_entry(entry, &suture_entries, node) {
		if (entry->state == SUTURE_OFF)
			continue;
		for (old = entry->patch->states; old && old->id; old++) {
			state = suture_get_state(patch, old->id);
			if (state ? state->version < old->version : patch->replace)
				return false;
		}
	}
	return true;
}

/* ---- enable ---- */

/* By name, as files are made for each name before its place is looked for. object_check() compares the places. */
static bool is_twice(const struct suture_object *obj, const struct suture_func *func)
{
	const struct suture_func *other;

	for (other = obj->funcs; other != func; other++)
		if (other->new_func && func->new_func && !strcmp(other->old_name, func->old_name) &&
		    (other->old_sympos ?: 1) == (func->old_sympos ?: 1))
			return true;
	return false;
}

static int check_patch(struct suture_patch *patch)
{
	const struct new_utsname *uts = init_utsname();
	struct suture_object *obj;
	struct suture_func *func;

	if (!patch || !patch->mod || !patch->objs || !patch->release || !patch->version)
		return -EINVAL;
	if (strcmp(patch->release, uts->release) || strcmp(patch->version, uts->version)) {
		pr_err("%s is for %s %s, not for this kernel\n", patch->mod->name, patch->release, patch->version);
		return -ENOEXEC;
	}
	if (patch->nr_jumps && patch->objs->name)
		return -EINVAL;
	suture_for_each_object(patch, obj) {
		if (!obj->funcs || (obj->name && strlen(obj->name) >= MODULE_NAME_LEN))
			return -EINVAL;
		obj->ready = false;
		obj->patched = false;
		obj->callbacks_due = false;
		suture_for_each_func(obj, func) {
			func->site = NULL;
			if (func->new_func && !compat_module_owns(patch->mod, (unsigned long)func->new_func)) {
				pr_err("the new %s is not in %s\n", func->old_name, patch->mod->name);
				return -EINVAL;
			}
			if (is_twice(obj, func)) {
				pr_err("%s is in the patch twice\n", func->old_name);
				return -EINVAL;
			}
		}
	}
	return 0;
}

static int prepare_patch(struct suture_entry *entry)
{
	struct suture_patch *patch = entry->patch;
	struct suture_object *obj;
	int err = 0;

	suture_for_each_object(patch, obj) {
		err = object_find(obj);
		if (!err)
			err = object_check(obj);
		if (err)
			return err;
	}
	suture_for_each_object(patch, obj) {
		err = object_enable(entry, obj);
		if (err)
			break;
	}
	if (err)
		suture_for_each_object(patch, obj)
			object_disable(entry, obj);
	return err;
}

int suture_enable_patch(struct suture_patch *patch)
{
	struct suture_entry *entry;
	int err;

	err = check_patch(patch);
	if (err)
		return err;
	/* Before the mutex, as entry_drop() has to be without it. */
	entry = entry_new(patch);
	if (IS_ERR(entry))
		return PTR_ERR(entry);
	mutex_lock(&suture_mutex);
	if (changing) {
		pr_err("%s: %s is still changing\n", entry->name, changing->name);
		err = -EBUSY;
	} else if (!states_fit(patch)) {
		pr_err("%s: its states do not fit those of patches that are on\n", entry->name);
		err = -EINVAL;
	} else if (!try_module_get(patch->mod)) {
		err = -ENODEV;
	} else {
		err = prepare_patch(entry);
		if (err)
			module_put(patch->mod);
	}
	if (!err) {
		list_add_tail(&entry->node, &suture_entries);
		change_start(entry, SUTURE_ENABLING);
	} else {
		entry->patch = NULL;
	}
	mutex_unlock(&suture_mutex);
	if (err)
		entry_drop(entry);
	return err;
}
EXPORT_SYMBOL_GPL(suture_enable_patch);

static struct notifier_block notifier = { .notifier_call = object_notify };

static int __init core_init(void)
{
	int err;

	err = symbols_init();
	if (!err)
		err = arch_init();
	if (err)
		return err;
	err = ends_init();
	if (err)
		return err;
	err = entries_init();
	if (err)
		goto no_entries;
	err = register_module_notifier(&notifier);
	if (err)
		goto no_notifier;
	return 0;
no_notifier:
	entries_exit();
no_entries:
	ends_exit();
	return err;
}

static void __exit core_exit(void)
{
	unregister_module_notifier(&notifier);
	/* No patch is left that it could try, but its last run may not be over. */
	cancel_delayed_work_sync(&work);
	shadow_exit();
	entries_exit();
	ends_exit();
}

module_init(core_init);
module_exit(core_exit);
MODULE_LICENSE("GPL");
MODULE_AUTHOR("The Suture authors");
MODULE_DESCRIPTION("Live patching for kernels without CONFIG_LIVEPATCH");
MODULE_VERSION(__stringify(SUTURE_CORE_API));

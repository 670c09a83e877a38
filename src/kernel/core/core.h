/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of suture_core know of each other.
 *
 *   main.c	life of a patch: enable, the change, its deadline, revert
 *   object.c	the kernel or a module as what is patched; modules that come and go
 *   sysfs.c	/sys/kernel/suture
 *   site.c	one redirected function: finding and checking it, its ftrace registration
 *   check.c	who is where: the stacks of all tasks, with all CPUs stopped
 *   symbols.c	where symbols are; functions of the kernel that are not exported
 *   reloc.c	writing to the patch module's own text and read-only data; stubs
 *   jump.c	jump labels of the patch's code
 *   shadow.c	shadow variables
 *   arch-*.c	all that differs between architectures
 *
 * Locking: suture_mutex guards everything but the shadow variables and the tasks that end: the list of patches,
 * their states, the sites. The two things that are read without it:
 *  - site->active, by the ftrace handler, at any time on any CPU. It changes only while all CPUs are
 *    stopped, or while nobody can be on the way to it (its module is just being loaded).
 *  - sysfs files read the state and the text of the blockers under the mutex as well, so a reader may
 *    wait for a callback.
 *
 * Lifetime: a site lives from the first patch that needs it to the last; it is freed after
 * unregister_ftrace_function() has come back, which waits for every handler. The memory of a patch
 * (module memory) is used from suture_enable_patch() to the GOING notification of its module, at the
 * latest; the reference held meanwhile makes sure that it goes only when the patch is off.
 */
#ifndef SUTURE_CORE_INTERNAL_H
#define SUTURE_CORE_INTERNAL_H

#include <linux/ftrace.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/sched.h>

#include "compat.h"
#include "suture_core.h"

#undef pr_fmt
#define pr_fmt(fmt) "suture: " fmt

/* ---- main.c ---- */

enum suture_patch_state {
	SUTURE_OFF,		/* not yet, or no more */
	SUTURE_ENABLING,	/* waits for tasks; nothing is redirected */
	SUTURE_ON,
	SUTURE_DISABLING,	/* waits for tasks; everything is redirected */
};

/**
 * struct suture_entry - the core's side of a patch
 * @patch:	NULL when its module has gone: the entry lives on while somebody has a file of it open
 * @state:	at most one entry is ENABLING or DISABLING
 * @deadline:	in jiffies, @tries: of the change that is under way
 * @stubs:	what each stub in the patch's room leads to
 * @report:	the text of the file "blockers", a page; @stacks: that of "stacks"
 * @dirs:	folders of objects and functions in sysfs
 */
struct suture_entry {
	struct list_head node;
	struct kobject kobj;
	struct suture_patch *patch;
	char name[MODULE_NAME_LEN];
	enum suture_patch_state state;
	unsigned long deadline;
	unsigned int tries;
	struct suture_stub *stubs;
	unsigned int nr_stubs;
	char *report, *stacks;
	struct kobject **dirs;
	unsigned int nr_dirs;
};

extern struct mutex suture_mutex;
/* In the order in which they were enabled: the last one that is on decides where a function goes. */
extern struct list_head suture_entries;

void suture_plan(const struct suture_entry *changing);
int suture_set_enabled(struct suture_entry *entry, bool on);
void suture_force_off(struct suture_entry *entry);

/* ---- object.c ---- */

/* Whose callback runs: suture_get_prev_state() is about the others. */
extern const struct suture_entry *suture_caller;

int object_find(struct suture_object *obj);
int object_check(struct suture_object *obj);
int object_enable(struct suture_entry *entry, struct suture_object *obj);
void object_disable(struct suture_entry *entry, struct suture_object *obj);
/* One of the callbacks of @obj that cannot fail, if it is there. */
void object_call(const struct suture_entry *entry, struct suture_object *obj,
		 void (*callback)(struct suture_object *obj));
int object_notify(struct notifier_block *nb, unsigned long action, void *data);

/* ---- sysfs.c ---- */

int entries_init(void);
void entries_exit(void);
struct suture_entry *entry_new(struct suture_patch *patch);
/* Waits for readers of its files, who may wait for suture_mutex: not to be called with it. */
void entry_drop(struct suture_entry *entry);

/* ---- site.c ---- */

/**
 * struct suture_site - a function that at least one patch redirects
 * @addr:	its first instruction, @end: behind its last
 * @mod:	the module it is in, NULL: the kernel
 * @active:	where calls go instead, 0: nowhere else
 * @next:	what @active becomes at the next change
 * @active_end:	behind the last instruction of what is at @active, @next_end of what is at @next
 * @stub:	code of this module's that a call may come through on its way to @active, 0: none; @stub_end
 * @users:	patches that have it
 * @ops, @ip:	its ftrace registration; @registered: it cannot be freed
 */
struct suture_site {
	struct list_head node;
	unsigned long addr, end;
	struct module *mod;
	unsigned long active, active_end;
	unsigned long next, next_end;
	unsigned long stub, stub_end;
	unsigned int users;
	struct ftrace_ops ops;
	unsigned long ip;
	bool registered;
	/* For the architecture's use. */
	unsigned long extra;
	unsigned int old_insn, new_insn;
};

extern struct list_head suture_sites;

int site_check(struct suture_object *obj, struct suture_func *func);
int site_get(struct suture_object *obj, struct suture_func *func);
void site_put(struct suture_func *func);
/* Is a kprobe on the instruction at @addr, armed or not? */
bool site_probed(unsigned long addr);
unsigned long site_new_end(const struct module *mod, unsigned long addr);

/* ---- check.c ---- */

#define SUTURE_MAX_BLOCKERS 32
#define SUTURE_MAX_STACK 16

/* A task that was in the way. The name of the function is looked up later, when the CPUs run again. */
struct suture_blocker {
	pid_t pid;
	char comm[TASK_COMM_LEN];
	unsigned long addr;
	unsigned long stack[SUTURE_MAX_STACK];
	unsigned int depth;
};

/**
 * struct suture_range - code that nobody may be in
 * @start, @end: addresses; @inclusive: @start itself counts (it is enough that a call is on its way)
 */
struct suture_range {
	unsigned long start, end;
	bool inclusive;
};

struct suture_check {
	struct suture_range *ranges;
	unsigned int nr_ranges;
	struct suture_blocker *blockers;
	unsigned int max_blockers;
	unsigned int nr_blockers;
	/* Who waits for the check, and where what it had on its stack before ends: it is in none of the ranges itself. */
	struct task_struct *self;
	unsigned long self_frame;
	/* internal */
	unsigned long low, high;
	unsigned long frame;
	unsigned long found;
	bool walks;
	unsigned long seen[SUTURE_MAX_STACK];
	unsigned int nr_seen;
};

/* With all CPUs stopped: true when no task is in any of the ranges. */
bool check_all_tasks(struct suture_check *check);

/* ---- ends.c ---- */

int ends_init(void);
void ends_exit(void);
/* It has switched away for the last time: it is only waited for. */
bool task_has_ended(const struct task_struct *task);
/* With all CPUs stopped: tasks that end, in the list of tasks or not. */
void ends_each(void (*look)(struct task_struct *task, struct suture_check *check), struct suture_check *check);
/* Has one not been noted? */
bool ends_lost(void);

/* ---- symbols.c ---- */

/* Functions of the kernel that are not exported, found at load. None of them is ever NULL. */
struct suture_kernel {
	unsigned long (*kallsyms_lookup_name)(const char *name);
	const char *(*kallsyms_lookup)(unsigned long addr, unsigned long *size, unsigned long *offset,
				       char **modname, char *namebuf);
	int (*kallsyms_lookup_size_offset)(unsigned long addr, unsigned long *size, unsigned long *offset);
	struct module *(*find_module)(const char *name);
	struct kprobe *(*get_kprobe)(void *addr);
	unsigned long (*ftrace_location)(unsigned long ip);
	struct task_struct *(*idle_task)(int cpu);
	unsigned long base;		/* what distances in the kernel count from */
	unsigned long stext, etext;
	unsigned long placing, placing_end;	/* register_kprobe() */
};

extern struct suture_kernel suture_kernel;

int symbols_init(void);
/* The address of a function that is not exported, callable from C; 0 and a word in the log if there is none. */
unsigned long symbols_function(const char *name);
/* @offset counts when it is not 0 or @section is given. 0, -ENOENT, -EINVAL (several) and the log. */
int symbols_find(struct module *mod, const char *name, unsigned long sympos, unsigned long offset,
		 const char *section, unsigned long *addr);
/* The start of what the compiler cut off the function at @addr of @mod (NAME.cold), or 0. */
unsigned long symbols_cold(struct module *mod, unsigned long addr);
/* What a module exports, data as well, which it may have no names for. 0, or -ENOENT and the log. */
int symbols_exported(struct module *mod, const char *name, unsigned long *addr);

/* ---- reloc.c ---- */

/*
 * A stub that was written, known by what it leads to, as that may be loaded elsewhere next time; or, where it
 * serves one place only, by that.
 */
struct suture_stub {
	const char *name, *object;
	unsigned long sympos, offset;
	const void *place;
};

int reloc_apply(struct suture_entry *entry, struct suture_object *obj);
int reloc_poke(struct module *mod, void *where, const void *bytes, unsigned int len);
/* Where the stub for calls of @reloc's symbol is, which is at @target; written. 0: there is no room. */
unsigned long reloc_stub(struct suture_entry *entry, const struct suture_reloc *reloc, unsigned long target);
/* Room for a stub of the place of @reloc alone, SUTURE_STUB_SIZE bytes; the same one each time. 0: none. */
unsigned long reloc_own_stub(struct suture_entry *entry, const struct suture_reloc *reloc);

/* ---- jump.c ---- */

/* When the kernel's symbols are resolved: hands the jump labels of the patch to the kernel. */
int jumps_add(struct suture_patch *patch);

/* ---- shadow.c ---- */

void shadow_exit(void);

/* ---- arch-*.c ---- */

int arch_init(void);
/* A function whose address came from kallsyms, as something that C can call (and back). */
unsigned long arch_callable(unsigned long addr);
/* Takes from a word of a stack what the hardware may have put into a return address. */
unsigned long arch_strip(unsigned long word);
unsigned long arch_saved_sp(struct task_struct *task);
/* All return addresses of a task that does not run, or an error: then each word of its stack counts. */
int arch_walk(struct task_struct *task, void (*found)(unsigned long addr, void *arg), void *arg);
/* Makes a site: what must hold before, what is registered. */
int arch_site_check(const struct suture_func *func, unsigned long *ip);
int arch_site_enable(struct suture_site *site);
void arch_site_disable(struct suture_site *site);
/* Can calls be switched to @next? Asked before the CPUs stop, for the report, and again when they stand. */
int arch_site_ready(struct suture_site *site);
/* Does a switch change instructions? Then nobody may be about to place a probe meanwhile. */
extern const bool arch_writes_code;
/* With all CPUs stopped (or where nobody can be): site->active becomes site->next. */
void arch_site_switch(struct suture_site *site);
int arch_reloc(struct suture_entry *entry, const struct suture_reloc *reloc, unsigned long value);
/* The code of a stub that jumps to @target; returns its size. */
unsigned int arch_stub(void *code, unsigned long target);

#endif

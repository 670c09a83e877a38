// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Tasks that end.
 *
 * A thread that nobody waits for, and a process whose parent ignores its end, leave the list of tasks themselves,
 * in do_exit(), and go on: names in /proc are forgotten, memory is given back. They may sleep there, in code that
 * changes, and no walk through the list finds them. So each task is noted down when it comes past the trace point
 * sched_process_exit, which stands before that, and is looked at like the others until it has switched away for
 * the last time.
 *
 * What is noted is a reference to the task. It is given back within a moment after the end, by a worker, as the
 * trace point must not sleep. Under stop_machine() the list is whole: whoever holds its lock does not leave the CPU.
 *
 * Without memory for a note a task is lost. From then on no patch's module is let go any more, though its patch can be
 * taken off.
 */
#include <linux/mempool.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/string.h>
#include <linux/tracepoint.h>
#include <linux/workqueue.h>

#include "core.h"

enum { RESERVE = 64 };

struct ending {
	struct list_head node;
	struct task_struct *task;
};

static LIST_HEAD(endings);
static DEFINE_SPINLOCK(lock);
static mempool_t *pool;
static struct tracepoint *tracepoint;
static bool lost;

static void forget_fn(struct work_struct *work);
static DECLARE_DELAYED_WORK(forget, forget_fn);

bool task_has_ended(const struct task_struct *task)
{
	return READ_ONCE(task->__state) == TASK_DEAD && !task->on_cpu;
}

/* Gives back what has ended, or @all. Says whether something is left. */
static bool forget_ended(bool all)
{
	struct ending *e, *next;
	LIST_HEAD(gone);
	bool left;

	spin_lock_irq(&lock);
	list_for_each_entry_safe(e, next, &endings, node)
		if (all || task_has_ended(e->task))
			list_move(&e->node, &gone);
	left = !list_empty(&endings);
	spin_unlock_irq(&lock);
	list_for_each_entry_safe(e, next, &gone, node) {
		put_task_struct(e->task);
		mempool_free(e, pool);
	}
	return left;
}

static void forget_fn(struct work_struct *work)
{
	if (forget_ended(false))
		schedule_delayed_work(&forget, HZ / 10);
}

/* Newer kernels give more arguments. */
static void on_exit(void *data, struct task_struct *task)
{
	struct ending *e = mempool_alloc(pool, GFP_ATOMIC | __GFP_NOWARN);
	unsigned long flags;

	if (!e) {
		WRITE_ONCE(lost, true);
		return;
	}
	get_task_struct(task);
	e->task = task;
	spin_lock_irqsave(&lock, flags);
	list_add_tail(&e->node, &endings);
	spin_unlock_irqrestore(&lock, flags);
	schedule_delayed_work(&forget, HZ / 10);
}

void ends_each(void (*look)(struct task_struct *task, struct suture_check *check), struct suture_check *check)
{
	struct ending *e;

	list_for_each_entry(e, &endings, node)
		look(e->task, check);
}

bool ends_lost(void)
{
	return READ_ONCE(lost);
}

static void find_tracepoint(struct tracepoint *tp, void *arg)
{
	if (!strcmp(tp->name, "sched_process_exit"))
		tracepoint = tp;
}

int ends_init(void)
{
	int err;

	for_each_kernel_tracepoint(find_tracepoint, NULL);
	if (!tracepoint) {
		pr_err("this kernel has no trace point sched_process_exit\n");
		return -ENOENT;
	}
	pool = mempool_create_kmalloc_pool(RESERVE, sizeof(struct ending));
	if (!pool)
		return -ENOMEM;
	err = tracepoint_probe_register(tracepoint, on_exit, NULL);
	if (err)
		mempool_destroy(pool);
	return err;
}

void ends_exit(void)
{
	tracepoint_probe_unregister(tracepoint, on_exit, NULL);
	tracepoint_synchronize_unregister();
	cancel_delayed_work_sync(&forget);
	forget_ended(true);
	mempool_destroy(pool);
}

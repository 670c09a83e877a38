// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Who is where: with all CPUs stopped, is any task in code that is about to change?
 *
 * A task is in a function when it will return into it. Everything runs under stop_machine(): each CPU is
 * in its stopper thread with interrupts off, so no interrupt handler and no softirq is half done, and each
 * other task is off its CPU with all it needs to go on saved on its kernel stack. (Interrupt stacks are
 * empty then. An NMI may run meanwhile; it sees the old code or the new, never memory that has gone, as
 * a patch module is freed only after grace periods.)
 *
 * What is looked at, for every thread, and for the idle tasks that are in no list:
 *
 *  - The return addresses of its stack. Where the architecture can walk a stack without a doubt
 *    (arch_walk), those; else every aligned word from the saved stack pointer to the end. A word that only
 *    looks like a return address then blocks the change: an error on the safe side. All saved registers of
 *    an interrupted context are words of the stack, too, the program counter among them.
 *  - What the function graph tracer and return probes took out of the stack, as they put other addresses
 *    in its place.
 *  - Tasks that are on a CPU are the stoppers: their live stack pointer is not known to others, so all of
 *    their stack counts.
 *
 * Return addresses may be signed (arm64): arch_strip() takes the signature off.
 *
 * A task that is in no list any more and still runs the end of its exit is in our own list of those (ends.c).
 *
 * No task is preempted in the kernel: compat.h refuses kernels that do that.
 *
 * The memory of a stack is read so that a fault would be survived. A stack that cannot be read blocks.
 */
#include <linux/sched/signal.h>
#include <linux/sched/task_stack.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "core.h"

/* One check runs at a time, and a stopper's stack is small. */
static unsigned long scan_buf[64];

static void see(unsigned long word, void *arg)
{
	struct suture_check *check = arg;
	unsigned int i;

	word = arch_strip(word);
	if (check->walks && check->nr_seen < SUTURE_MAX_STACK)
		check->seen[check->nr_seen++] = word;
	if (word < check->low || word > check->high)
		return;
	for (i = 0; i < check->nr_ranges; i++) {
		const struct suture_range *r = &check->ranges[i];

		if ((word > r->start && word < r->end) ||
		    (r->inclusive && (word == r->start || word == r->end)))
			check->found = word;
	}
}

static void see_words(struct suture_check *check, unsigned long from, unsigned long to)
{
	from = ALIGN(from, sizeof(long));
	while (from + sizeof(long) <= to) {
		unsigned long n = min_t(unsigned long, (to - from) & -sizeof(long), sizeof(scan_buf)), i;

		if (copy_from_kernel_nofault(scan_buf, (void *)from, n)) {
			check->found = from;
			return;
		}
		for (i = 0; i < n / sizeof(long); i++)
			see(scan_buf[i], check);
		from += n;
	}
}

/* Also takes down what it sees, for the report. */
static int walk(struct task_struct *task, struct suture_check *check)
{
	int err;

	check->walks = true;
	err = arch_walk(task, see, check);
	check->walks = false;
	if (err)
		check->nr_seen = 0;
	return err;
}

static void check_task(struct task_struct *task, struct suture_check *check)
{
	unsigned long low = (unsigned long)task_stack_page(task), high = low + THREAD_SIZE, sp;
	const unsigned long *graph;
	unsigned int words;

	if (!low || task_has_ended(task))
		return;
	check->found = 0;
	check->nr_seen = 0;
	if (task == current) {
		/* Below are our own frames, which have the very addresses that are looked for. */
		see_words(check, check->frame, high);
	} else if (task->on_cpu) {
		see_words(check, low, high);
	} else if (walk(task, check)) {
		sp = arch_saved_sp(task);
		/* It has looked for these very addresses, and is on its way into stop_machine(). */
		if (task == check->self && sp < check->self_frame)
			sp = check->self_frame;
		see_words(check, sp >= low && sp < high ? sp : low, high);
	}
	graph = compat_graph_stack(task, &words);
	if (words)
		see_words(check, (unsigned long)graph, (unsigned long)(graph + words));
	compat_probed_returns(task, see, check);
	if (!check->found)
		return;
	if (check->nr_blockers < check->max_blockers) {
		struct suture_blocker *b = &check->blockers[check->nr_blockers];

		b->pid = task_pid_nr(task);
		memcpy(b->comm, task->comm, sizeof(b->comm));
		b->comm[sizeof(b->comm) - 1] = 0;
		b->addr = check->found;
		b->depth = check->nr_seen;
		memcpy(b->stack, check->seen, sizeof(b->stack));
	}
	check->nr_blockers++;
}

/* Of a task that ends: those of the list were looked at. */
static void check_unlisted(struct task_struct *task, struct suture_check *check)
{
	if (!pid_alive(task))
		check_task(task, check);
}

/* Never inlined: its frame is where the stopper's own stack ends for the check. */
noinline bool check_all_tasks(struct suture_check *check)
{
	struct task_struct *process, *task;
	unsigned int i;
	int cpu;

	check->nr_blockers = 0;
	check->frame = (unsigned long)__builtin_frame_address(0);
	check->walks = false;
	check->low = ULONG_MAX;
	check->high = 0;
	for (i = 0; i < check->nr_ranges; i++) {
		check->low = min(check->low, check->ranges[i].start);
		check->high = max(check->high, check->ranges[i].end);
	}
	if (!check->nr_ranges)
		return true;
	for_each_process_thread(process, task)
		check_task(task, check);
	ends_each(check_unlisted, check);
	for_each_possible_cpu(cpu) {
		task = suture_kernel.idle_task(cpu);
		if (task)
			check_task(task, check);
	}
	return !check->nr_blockers;
}

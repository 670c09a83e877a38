// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The module that the test patches change. Each file of /proc/victim runs one function and shows what it
 * returned; the functions are what a compiler leaves alone, so that they are called as they stand.
 */
#include <linux/module.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>
#include <linux/wait.h>

#include "victim.h"

#define ALONE noinline __attribute__((noipa))

static DECLARE_WAIT_QUEUE_HEAD(queue);
static int awake;
/* A section of its own, so that a test knows its distance from the start. */
static int secret __section(".victim.secret") = 7;

ALONE const char *victim_plain(void)
{
	return "old";
}

ALONE long victim_many(MANY_ARGS)
{
	return MANY_SUM;
}

ALONE int victim_varargs(char *buf, int size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

ALONE struct victim_big victim_struct(struct victim_big in, short add)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(in.word); i++)
		in.word[i] += add;
	return in;
}

ALONE unsigned long victim_recurse(unsigned long n)
{
	return n ? n + victim_recurse(n - 1) : 0;
}

/* Sleeps until somebody writes to /proc/victim/wake. */
ALONE int victim_sleep(void)
{
	awake = 0;
	wait_event_interruptible(queue, awake);
	return 1;
}

ALONE void victim_wait(void)
{
	awake = 0;
	wait_event_interruptible(queue, awake);
}

ALONE int victim_secret(void)
{
	return secret;
}

static ALONE int victim_hidden(int a)
{
	return a + secret;
}

/* A direct call in the same module, and what the compiler keeps across it. */
ALONE long victim_local(long a)
{
	const char *s = victim_plain();

	return a + (s[0] == 'o' ? 100 : 200) + victim_hidden(1) + secret;
}

notrace ALONE int victim_notrace(void)
{
	return 1;
}

static const char *(*volatile pointer)(void) = victim_plain;

static int show_plain(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", victim_plain());
	return 0;
}

/* The caller ends in a jump, where the compiler can: its own caller, in the kernel, gets the return. */
static ALONE int victim_tail(struct seq_file *m)
{
	seq_puts(m, "old tail\n");
	return 0;
}

static int show_tail(struct seq_file *m, void *v)
{
	return victim_tail(m);
}

static int show_pointer(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", pointer());
	return 0;
}

static int show_many(struct seq_file *m, void *v)
{
	seq_printf(m, "%ld\n", victim_many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14));
	return 0;
}

static int show_varargs(struct seq_file *m, void *v)
{
	char buf[120];

	victim_varargs(buf, sizeof(buf), "%d %s %lld %c %d %d %d %lld %s", 1, "two", 3LL, '4', 5, 6, 7, 1LL << 40,
		       "nine");
	seq_printf(m, "%s\n", buf);
	return 0;
}

static int show_struct(struct seq_file *m, void *v)
{
	struct victim_big b = { { 1, 2, 3, 4, 5, 6 } };

	b = victim_struct(b, 10);
	seq_printf(m, "%ld %ld %ld\n", b.word[0], b.word[3], b.word[5]);
	return 0;
}

static int show_recurse(struct seq_file *m, void *v)
{
	seq_printf(m, "%lu\n", victim_recurse(50));
	return 0;
}

static int show_local(struct seq_file *m, void *v)
{
	seq_printf(m, "%ld\n", victim_local(1000));
	return 0;
}

static int show_secret(struct seq_file *m, void *v)
{
	seq_printf(m, "%d\n", victim_secret());
	return 0;
}

static int show_notrace(struct seq_file *m, void *v)
{
	seq_printf(m, "%d\n", victim_notrace());
	return 0;
}

static int show_sleep(struct seq_file *m, void *v)
{
	seq_printf(m, "%d\n", victim_sleep());
	return 0;
}

static int show_wake(struct seq_file *m, void *v)
{
	awake = 1;
	wake_up_all(&queue);
	return 0;
}

static const struct {
	const char *name;
	int (*show)(struct seq_file *m, void *v);
} files[] = {
	{ "plain", show_plain }, { "pointer", show_pointer }, { "many", show_many },
	{ "varargs", show_varargs }, { "struct", show_struct }, { "recurse", show_recurse },
	{ "local", show_local }, { "secret", show_secret }, { "notrace", show_notrace },
	{ "sleep", show_sleep }, { "tail", show_tail }, { "wake", show_wake },
};

static int __init victim_init(void)
{
	struct proc_dir_entry *dir = proc_mkdir("victim", NULL);
	int i;

	pr_info("victim: init sees %s\n", victim_plain());
	for (i = 0; i < ARRAY_SIZE(files); i++)
		proc_create_single(files[i].name, 0444, dir, files[i].show);
	return 0;
}

static void __exit victim_exit(void)
{
	pr_info("victim: exit sees %s\n", victim_plain());
	remove_proc_subtree("victim", NULL);
}

module_init(victim_init);
module_exit(victim_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("What test patches change");

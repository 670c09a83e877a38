// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tool is killed between any two of its system calls: a tracer of the tracer counts its
 * system-call stops and kills it at the first, the second, ... until it once gets through.
 */
#include "proc/remote.h"
#include "tap.h"
#include "../lib/target.h"

#include <stdio.h>
#include <sys/ptrace.h>

enum { THREADS = 5, STOPS_MAX = 4000 };

static struct native_gadgets gadgets;

static void tool(pid_t pid)
{
	const uint64_t map_args[6] = {0, 65536, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0};
	uint64_t unmap_args[6] = {0, 65536}, at;
	struct threads ts = {0};
	struct proc_modules ms;
	struct remote r = {0};
	struct sut_err err = {0};
	long addr = 0, ret = -1;
	bool good;

	r.gadgets = gadgets;
	good = !proc_modules_read(&ms, pid, true, &err);
	raise(SIGSTOP);
	good = good && !threads_attach(&ts, pid, &err) && !threads_stop(&ts, 2000000000, &err) &&
	       !remote_begin(&r, &ts, &ms, &err) &&
	       !remote_write_string(&r, "a string", &at, &err) &&
	       !remote_syscall(&r, SYS_mmap, map_args, &addr, &err);
	unmap_args[0] = (uint64_t)addr;
	good = good && !remote_syscall(&r, SYS_munmap, unmap_args, &ret, &err) && ret == 0 &&
	       !remote_end(&r, &err);
	threads_detach(&ts);
	_exit(good ? 0 : 1);
}

/* Lets the tool run for @n system-call stops. Its wait status. */
static int run(pid_t pid, int n)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		tool(pid);
	waitpid(child, &status, WUNTRACED);
	ptrace(PTRACE_SEIZE, child, 0, 0);
	kill(child, SIGCONT);
	/* Stops for SIGCONT and the like count too: it does not matter where exactly it dies. */
	while (n-- > 0) {
		if (waitpid(child, &status, __WALL) != child || !WIFSTOPPED(status))
			return status;
		ptrace(PTRACE_SYSCALL, child, 0, 0);
	}
	kill(child, SIGKILL);
	do {
		waitpid(child, &status, __WALL);
	} while (WIFSTOPPED(status));
	return status;
}

/* Where a program has no signal-return code, its number is loaded by other code of the target. */
static bool other_gadgets(pid_t pid)
{
	struct threads ts = {0};
	struct proc_modules ms;
	struct remote r = {0};
	struct sut_err err = {0};
	bool good = !proc_modules_read(&ms, pid, true, &err) && !threads_attach(&ts, pid, &err) &&
		    !threads_stop(&ts, 2000000000, &err) && !remote_begin(&r, &ts, &ms, &err) &&
		    !remote_end(&r, &err);

	threads_detach(&ts);
	gadgets = r.gadgets;
	gadgets.sigreturn = 0;
	proc_modules_free(&ms);
	return good && native_gadgets_enough(&gadgets);
}

static void sweep(pid_t pid, int step, const char *how)
{
	int kills = 0, through = 0, harm_at = -1;

	for (int n = 1; n < STOPS_MAX && through < 3; n += step) {
		int status = run(pid, n);

		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			through++;
		else if (WIFSIGNALED(status))
			kills++;
		else
			harm_at = n;
		if (!tgt_alive(pid, THREADS) ||
		    tgt->bad_regs + tgt->bad_mask + tgt->bad_result != 0) {
			harm_at = n;
			break;
		}
	}
	tap_ok(through == 3, "the tool gets through when it is left alone, %s", how);
	if (!tap_ok(kills > 50 / step && harm_at < 0, "%d kills, no harm, %s", kills, how))
		printf("# at stop %d: regs %lu mask %lu result %lu\n", harm_at, tgt->bad_regs,
		       tgt->bad_mask, tgt->bad_result);
}

int main(void)
{
	pid_t pid = tgt_start(THREADS);

	sweep(pid, 1, "at every system call");
	tap_ok(other_gadgets(pid), "the target has other code that leads to rt_sigreturn");
	sweep(pid, 2, "by that code");
	printf("# %lu calls answered EINTR\n", tgt->bad_eintr);
	kill(pid, SIGKILL);
	return tap_done();
}

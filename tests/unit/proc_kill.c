// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The tool is killed between any two of its system calls: a tracer of the tracer counts its
 * system-call stops and kills it at the first, the second, ... until it once gets through.
 */
#include "proc/remote.h"
#include "lot.h"
#include "tap.h"
#include "../lib/target.h"

#include <stdio.h>
#include <sys/ptrace.h>

enum { THREADS = 5, STOPS_MAX = 4000, NO_FILE = 1000 };
#define STOP_NS 20000000000ULL	/* slow machines, too */
#define FUNCTION_NS 10000000000ULL

static int lot;

static struct native_gadgets gadgets;

/* What the tool does, and from where on it is killed. */
enum part { ALL, FUNCTION_RETURNS, FUNCTION_CALLS };

/*
 * System calls, a function that answers, and one that makes a system call, which is not let happen. The mark
 * is set when a function's call is over: what comes then is part of ALL.
 */
static bool work(struct remote *r, enum part part, struct sut_err *err)
{
	const uint64_t map_args[6] = {0, 65536, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0};
	uint64_t unmap_args[6] = {0, 65536}, at, args[6] = {NO_FILE}, answer = 0;
	long addr = 0, ret = -1;
	bool good;

	if (part == ALL) {
		if (remote_write_string(r, "a string", &at, err) ||
		    remote_syscall(r, NATIVE_MMAP, map_args, &addr, err))
			return false;
		unmap_args[0] = (uint64_t)addr;
		return !remote_syscall(r, SYS_munmap, unmap_args, &ret, err) && ret == 0;
	}
	tgt->mark = 0;
	raise(SIGSTOP);
	if (part == FUNCTION_RETURNS) {
		good = !remote_call_function(r, (uintptr_t)tgt_answer, args, FUNCTION_NS, &answer, err) &&
		       answer == tgt_answer(NO_FILE);
	} else {
		good = remote_call_function(r, (uintptr_t)tgt_calls, args, FUNCTION_NS, &answer, err) &&
		       sut_err_has(err, SUT_P_REMOTE_TIMEOUT);
		sut_err_free(err);
	}
	tgt->mark = good;
	return good;
}

static void tool(pid_t pid, enum part part)
{
	struct threads ts = {0};
	struct proc_modules ms;
	struct remote r = {0};
	struct sut_err err = {0};
	bool good;

	r.gadgets = gadgets;
	good = !proc_modules_read(&ms, pid, true, &err);
	if (part == ALL)
		raise(SIGSTOP);
	good = good && !threads_attach(&ts, pid, &err) && !threads_stop(&ts, STOP_NS, &err) &&
	       !remote_begin(&r, &ts, &ms, &err) && work(&r, part, &err) && !remote_end(&r, &err);
	threads_detach(&ts);
	_exit(good ? 0 : 1);
}

/* Lets the tool run for @n system-call stops. Its wait status. */
static int run(pid_t pid, int n, enum part part)
{
	pid_t child = fork();
	int status;

	if (child == 0)
		tool(pid, part);
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
		    !threads_stop(&ts, STOP_NS, &err) && !remote_begin(&r, &ts, &ms, &err) &&
		    !remote_end(&r, &err);

	threads_detach(&ts);
	gadgets = r.gadgets;
	gadgets.sigreturn = 0;
	proc_modules_free(&ms);
	return good && native_gadgets_enough(&gadgets);
}

static void sweep(pid_t pid, enum part part, int every, const char *how)
{
	int kills = 0, through = 0, harm_at = -1, most = part == ALL ? 50 : 8;

	for (int n = 1 + lot % every; n < STOPS_MAX && through < 3; n += every) {
		int status = run(pid, n, part);

		if ((WIFEXITED(status) && WEXITSTATUS(status) == 0) || (part != ALL && tgt->mark))
			through++;
		else if (WIFSIGNALED(status))
			kills++;
		else
			harm_at = n;
		if (!tgt_alive(pid, THREADS) || tgt_broken()) {
			harm_at = n;
			break;
		}
	}
	tap_ok(through == 3, "the tool gets through when it is left alone, %s", how);
	if (!tap_ok(kills > most / every && harm_at < 0, "%d kills, no harm, %s", kills, how))
		printf("# at stop %d: regs %lu mask %lu result %lu\n", harm_at, (unsigned long)tgt->bad_regs,
		       (unsigned long)tgt->bad_mask, (unsigned long)tgt->bad_result);
}

int main(void)
{
	int step = lot_draw(&lot);
	pid_t pid = tgt_start(THREADS);

	sweep(pid, ALL, step, "at every system call");
	/* Few, so all of them are tried each time: every other one, as each call has a stop at either end. */
	sweep(pid, FUNCTION_RETURNS, MIN(step, 2), "around a function that returns");
	sweep(pid, FUNCTION_CALLS, MIN(step, 2), "around a function that makes a system call");
	if (native_elf_machine == EM_X86_64 &&
	    tap_ok(other_gadgets(pid), "the target has other code that leads to rt_sigreturn"))
		sweep(pid, ALL, 2 * step, "by that code");
	printf("# %lu calls answered EINTR\n", (unsigned long)tgt->bad_eintr);
	kill(pid, SIGKILL);
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/* Thousands of stops, walks and remote calls, and tracers killed at random instants. */
#include "proc/remote.h"
#include "proc/scan.h"
#include "proc/symbol.h"
#include "tap.h"
#include "../lib/target.h"

enum { THREADS = 8 };
#define STOP_NS 20000000000ULL	/* slow machines, too */

static void show(struct sut_err *err)
{
	for (size_t i = 0; i < err->n; i++)
		printf("# %s: %s: %s\n", sut_code_info(err->v[i].code)->text, err->v[i].subject,
		       err->v[i].cause);
	sut_err_free(err);
}

struct seen {
	uint64_t walks, unreliable, undecided, wrong, pause_ns;
	bool all_inside;
};

/* Made by the linker: the threads of the target, and what the target never calls. */
extern const char __start_tgt_threads[], __stop_tgt_threads[], __start_only_test[], __stop_only_test[];
#define SECTION_RANGE(name) {(uintptr_t)__start_##name, (uintptr_t)__stop_##name}

static bool trace_in(const struct unw_trace *tr, const struct unw_range *r)
{
	for (size_t i = 0; i < tr->n; i++)
		if (tr->v[i].pc - tr->v[i].at_call >= r->lo && tr->v[i].pc - tr->v[i].at_call < r->hi)
			return true;
	return false;
}

/*
 * Walk and scan on one thread: a walk must not lose a function that the thread is in, nor a scan; and where a
 * walk is not reliable (the assembly of C libraries for arm has no metadata), a scan decides. True: it is in
 * one of the target's thread functions.
 */
static bool look(struct threads *ts, struct tracee *t, struct unw_space *space, const struct stacks *st,
		 struct unw_trace *tr, struct seen *n)
{
	const struct unw_range inside = SECTION_RANGE(tgt_threads), outside = SECTION_RANGE(only_test);
	struct unw_scan_out in = {0}, out = {0};

	if (!tracee_walk(ts, t, space, NULL, tr) || !tracee_scan(st, ts, t, &inside, 1, &in) ||
	    !tracee_scan(st, ts, t, &outside, 1, &out))
		return false;
	n->walks++;
	if (!tr->reliable && n->unreliable++ < 20)
		printf("# %s\n", tr->text);
	if (out.verdict != UNW_SCAN_CLEAR && n->undecided++ < 20)
		printf("# scan: %d %s\n", out.verdict, out.text);
	if (tr->reliable && trace_in(tr, &inside) != (in.verdict == UNW_SCAN_HIT) && n->wrong++ < 20)
		printf("# at 0x%llx the walk says %d, the scan %d\n", (unsigned long long)tr->v[0].pc,
		       trace_in(tr, &inside), in.verdict);
	return tr->reliable ? trace_in(tr, &inside) : in.verdict == UNW_SCAN_HIT;
}

static bool look_at_all(struct threads *ts, struct proc_modules *ms, struct unw_space *space,
			struct unw_trace *tr, struct seen *n, struct sut_err *err)
{
	struct stacks st;
	int inside = 0;

	if (stacks_read(&st, ts->pid, &ms->mem, now_ns() + STOP_NS, err))
		return false;
	for (size_t i = 0; i < ts->n; i++)
		inside += look(ts, &ts->v[i], space, &st, tr, n);
	stacks_free(&st);
	if (inside < THREADS) {
		printf("# %d threads were seen inside\n", inside);
		n->all_inside = false;
	}
	return true;
}

/* Its section holds nothing that the target ran, which was there before. */
__attribute__((noinline, section("only_test")))
static bool one_round(struct threads *ts, struct proc_modules *ms, struct remote *r,
		      struct unw_space *space, struct unw_trace *tr, struct seen *n, struct sut_err *err)
{
	const uint64_t map_args[6] = {0, 65536, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS, (uint64_t)-1, 0};
	long addr = 0, ret = -1;
	bool good = true;

	if (threads_stop(ts, STOP_NS, err))
		return false;
	if (space && !look_at_all(ts, ms, space, tr, n, err))
		good = false;
	if (remote_begin(r, ts, ms, err)) {
		threads_resume(ts);
		return false;
	}
	/* An address may have the sign bit on 32-bit machines. */
	if (remote_syscall(r, NATIVE_MMAP, map_args, &addr, err) || (unsigned long)addr > -4096UL)
		good = false;
	if (good) {
		const uint64_t unmap_args[6] = {(uint64_t)addr, 65536};

		good = !remote_syscall(r, SYS_munmap, unmap_args, &ret, err) && ret == 0;
	}
	if (remote_end(r, err))
		good = false;
	threads_resume(ts);
	return good;
}

static int work(pid_t pid, int rounds, bool walk, struct seen *n, struct sut_err *err)
{
	struct threads ts = {0};
	struct proc_modules ms;
	struct unw_space space;
	struct unw_trace tr = {0};
	struct remote r = {0};
	int done = 0;

	if (proc_modules_read(&ms, pid, true, err))
		return -1;
	proc_modules_unwind_space(&ms, &space);
	if (!threads_attach(&ts, pid, err)) {
		while (done < rounds &&
		       one_round(&ts, &ms, &r, walk ? &space : NULL, &tr, n, err)) {
			done++;
			n->pause_ns += ts.pause_ns;
			if (rounds > 1)
				threads_idle(&ts, 300000);
		}
		threads_detach(&ts);
	}
	unw_trace_free(&tr);
	unw_space_free(&space);
	proc_modules_free(&ms);
	return done;
}

/*
 * On arm64 the kernel has forgotten by the time of a stop what an interrupted call was: those that answer
 * EINTR do (native/aarch64/regs.c).
 */
static uint64_t harm(void)
{
	return tgt_bad() - (native_eintr_restartable(SYS_epoll_pwait) ? 0 : tgt->bad_eintr);
}

static void check(pid_t pid, const char *after)
{
	tap_ok(tgt_alive(pid, THREADS), "every thread of the target works after %s", after);
	if (!tap_ok(harm() == 0, "no harm done by %s", after))
		printf("# regs %lu eintr %lu mask %lu result %lu time %lu\n", (unsigned long)tgt->bad_regs,
		       (unsigned long)tgt->bad_eintr, (unsigned long)tgt->bad_mask,
		       (unsigned long)tgt->bad_result, (unsigned long)tgt->bad_time);
}

/* From libc itself: a sanitizer puts functions of its own before it. A static program has none. */
static void resolver(struct remote *r, struct proc_modules *ms, struct sut_err *err)
{
	struct proc_module *libc = proc_module_by_name(ms, "libc.so.6");
	uint64_t ret = 0, bound = 0, args[6] = {0};
	struct proc_symbol sym;

	if (!libc)
		return;
	tap_ok(!proc_module_lookup_symbol(ms, libc, "memcpy", "GLIBC_2.14", &sym, err) &&
	       sym.type == STT_GNU_IFUNC, "memcpy is an IFUNC symbol of libc");
	tap_ok(!remote_call_function(r, sym.addr, args, STOP_NS, &ret, err), "its resolver can be called");
	tap_ok(proc_module_by_pc(ms, ret) == libc && ret != sym.addr, "it answers a function of libc");
	if (!proc_ifunc_target(ms, &sym, "memcpy", &bound))
		tap_eq_u64(bound, ret, "a bound slot says the same");
}

static void functions(pid_t pid)
{
	struct threads ts = {0};
	struct proc_modules ms;
	struct remote r = {0};
	struct sut_err err = {0};
	uint64_t ret = 0, args[6] = {1000};
	int late = 0;
	bool good;

	good = !proc_modules_read(&ms, pid, true, &err) && !threads_attach(&ts, pid, &err) &&
	       !threads_stop(&ts, STOP_NS, &err) && !remote_begin(&r, &ts, &ms, &err);
	tap_ok(good, "a remote session begins");
	resolver(&r, &ms, &err);
	tap_ok(!remote_call_function(&r, (uintptr_t)tgt_answer, args, STOP_NS, &ret, &err) &&
	       ret == tgt_answer(1000), "a function gets its argument and returns its result");
	/* Wherever the time runs out, also while the thread is on its way out of the function. */
	good = true;
	for (uint64_t ns = 0; ns < 120000 && good; ns += 500) {
		/* Also where the function is about to make a call, with other arguments than it has then. */
		uintptr_t fn = ns / 500 % 2 ? (uintptr_t)tgt_calls : (uintptr_t)tgt_answer;

		if (remote_call_function(&r, fn, args, ns, &ret, &err)) {
			good = sut_err_has(&err, SUT_P_REMOTE_TIMEOUT);
			late++;
		}
		if (good)
			sut_err_free(&err);
	}
	tap_ok(good, "240 short times: it returns, or is said to be late (%d)", late);
	show(&err);
	tap_ok(remote_call_function(&r, (uintptr_t)tgt_calls, args, STOP_NS, &ret, &err) == -1 &&
	       sut_err_has(&err, SUT_P_REMOTE_TIMEOUT), "a function that makes a system call is refused");
	sut_err_free(&err);
	tap_ok(!remote_end(&r, &err), "the session ends");
	threads_detach(&ts);
	proc_modules_free(&ms);
	show(&err);
}

static int n_rounds(void)
{
	const char *n = getenv("ROUNDS");

	return n && atoi(n) > 0 ? atoi(n) : 1000;
}

int main(void)
{
	struct sut_err err = {0};
	struct seen n = {.all_inside = true};
	int done, landed = 0, rounds = n_rounds(), kills = rounds * 3 / 20;
	pid_t pid = tgt_start(THREADS);

	tap_ok(tgt_alive(pid, THREADS), "every thread of the target has begun");
	done = work(pid, rounds, true, &n, &err);
	tap_ok(done == rounds, "%d rounds of stop, walk, mmap, munmap, resume", done);
	show(&err);
	printf("# mean pause %lu ns\n", (unsigned long)(n.pause_ns / (unsigned int)rounds));
	/* On arm nothing describes what is at the bottom of most stacks. */
	if (native_unw_arch != &unw_arch_arm)
		tap_ok(n.unreliable < (unsigned int)rounds / 10 + 1, "walks are reliable but for %lu",
		       (unsigned long)n.unreliable);
	printf("# %lu of %lu walks are not reliable\n", (unsigned long)n.unreliable, (unsigned long)n.walks);
	tap_ok(n.walks && n.undecided == 0, "a scan clears all threads of a function that none is in");
	tap_ok(n.walks && n.all_inside, "walks, or scans in their place, find every thread where it is");
	tap_ok(n.wrong == 0, "scans and reliable walks say the same");
	check(pid, "stops and remote calls");
	functions(pid);
	check(pid, "function calls");

	for (int i = 0; i < kills; i++) {
		pid_t child = fork();
		int status;

		if (!child) {
			struct seen none = {0};

			work(pid, 1 << 30, false, &none, &err);
			_exit(1);
		}
		usleep(1500 + (unsigned int)(i * 37) % 4000);
		kill(child, SIGKILL);
		waitpid(child, &status, 0);
		landed += WIFSIGNALED(status);
	}
	/* On a busy machine one may meet a thread that does not stop in time, and end by itself. */
	tap_ok(landed * 10 >= kills * 9, "%d tracers were killed in the middle of their work", landed);
	/*
	 * A tracer that dies before it has even seen a stop leaves behind what any stop does to such
	 * calls (signal(7)): an EINTR. State must be whole all the same.
	 */
	tap_ok(tgt_alive(pid, THREADS), "every thread of the target works after killed tracers");
	tap_ok(tgt_broken() == 0,
	       "registers, signal masks and results are whole after killed tracers");
	printf("# %lu calls answered EINTR\n", (unsigned long)tgt->bad_eintr);
	kill(pid, SIGKILL);
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A system call in somebody else's thread, so that nothing is lost if we die at any instant.
 *
 * The order of steps is the whole point. "Healing" means: left alone, the thread runs into
 * rt_sigreturn with a frame that holds its own state (native/<arch>/call.c). Each row is one request to
 * the kernel; it happens as a whole or not at all, so there is no instant between two rows.
 *
 *   step						if we die right after it
 *   1 write the frame below the red zone		the bytes are free stack: nobody reads them
 *   2 registers: heal at once				heals
 *   3 block all signals				heals, the mask too
 *   4 registers: call, then heal			makes the call, heals
 *   5 run to the entry stop				same
 *   6 the call's number, where the kernel set another	same (without: the call that the stop interrupted
 *     (arm64, arm: native_confirm_syscall)		  goes on with what was left of it, then heals)
 *   7 run to the exit stop				heals
 *   8 registers: heal at once				heals
 *   (4 to 8 again for more calls)
 *   9 an interrupt is asked for			heals
 *   10 run to an event stop				heals
 *   11 the thread's own mask				heals
 *   12 the thread's own registers			is as it was
 *   13 nothing ran since 2: 11 and 12 only		heals; is as it was
 *   14 a sleep to be shown again (put_back): 9, 11,	heals; heals;
 *      registers of the end of its call, 10		the kernel goes on with the sleep: the interrupt has made
 *							  it look, and it does not take that back
 *
 * 3 comes after 2 because a blocked mask with the thread's own registers would stay blocked.
 * 10 is there because only in an event stop the kernel still has the decision about a system call
 * that the stop interrupted: registers put back at a system-call stop would make -ERESTARTSYS
 * visible to the program. 11 comes before 12 for the same reason as 2 before 3.
 *
 * A function of the target, between 8 and 9:
 *
 *   21 write its return slot, below the frame		free stack
 *   22 let in the signals of faults			heals, the mask too
 *   23 registers: call, then heal			it runs to its end, heals
 *   24 run to a system call's entry stop: either
 *      it came back, and the call heals		heals (x86-64: the result is used as a number, is none,
 *							  and the return that follows heals)
 *      or it makes a call of its own			that is made, the function ends, heals
 *   25 came back: registers: heal at once		the call that is under way is the one that heals, and finds
 *							  the frame by the same stack pointer
 *   26 came back: a number that is no call		nothing is called, heals
 *   25' own call: a number that is no call		it answers ENOSYS, the function ends, heals
 *   26' own call: registers: heal at once		nothing is called, heals
 *   27 run to the exit stop, 28 registers: heal	heals
 *   29 all signals blocked again			heals
 *   its time is up: an interrupt, a stop in its midst	it runs to its end, heals
 *   ... 28, 29						heals
 *   it faults: the stop before the signal		its signal comes: the program's own handler, or its death
 *
 * x86-64 and ppc64le have the number among the registers, and 25 and 26 are one. For the others the order
 * is what matters (native_skip_syscall): with 26 before 25 the thread would go on behind a signal return
 * that was not made, where nothing is; with 26' before 25' the function's call would be made with other
 * arguments. The last row is why a function that may fault is not to be called; nothing we
 * could do makes the kernel drop a signal but going on.
 *
 * Signals are blocked so that no handler runs on the borrowed stack between two calls. Those of faults are not
 * while a function runs: the kernel would take the program's handler away for a fault that is blocked.
 * SIGKILL ends everything, and that is what its sender wants. SIGSTOP is delivered: the process stands, and
 * our thread goes on for us alone until we let go of it, or die.
 */
#include "proc/remote.h"
#include "proc/await.h"
#include "proc/status.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SCRATCH_SIZE = 8192, CODE_CHUNK = 1 << 20 };
#define SYSCALL_TIMEOUT 10000000000ULL	/* the calls we make do not block; memory may be slow */

static int fail(struct remote *r, struct sut_err *err, const char *step)
{
	char subject[32];

	snprintf(subject, sizeof(subject), "pid %d", r->ts->pid);
	if (errno == ESRCH) {
		r->dead = true;
		return sut_fail(err, SUT_P_GONE, subject, "it ended during a remote call");
	}
	return sut_fail(err, SUT_P_REMOTE, subject, "thread %d: %s: %s", r->tid, step, strerror(errno));
}

static struct tracee *me(struct remote *r)
{
	for (size_t i = 0; i < r->ts->n; i++)
		if (r->ts->v[i].tid == r->tid)
			return &r->ts->v[i];
	return NULL;
}

/* Code found in an earlier session may have been unmapped since. */
static void forget_stale(struct remote *r)
{
	uint64_t *const slot[] = {&r->gadgets.syscall_ret, &r->gadgets.sigreturn,
				  &r->gadgets.load_nr_ret};

	for (size_t i = 0; i < ARRAY_SIZE(slot); i++) {
		uint64_t at = *slot[i] & ~NATIVE_ISA_BITS;
		const struct proc_map *map = at ? proc_maps_find(&r->ms->maps, at) : NULL;
		struct native_gadgets now = {0};
		uint8_t code[NATIVE_GADGET_BYTES];
		size_t n;

		if (map && (map->perms & PROC_X)) {
			n = proc_mem_read_some(&r->ms->mem, at, code, sizeof(code));
			native_find_gadgets(&now, code, n, at);
		}
		if (now.syscall_ret != *slot[i] && now.sigreturn != *slot[i] &&
		    now.load_nr_ret != *slot[i])
			*slot[i] = 0;
	}
}

static bool complete(const struct remote *r)
{
	return r->gadgets.syscall_ret && r->gadgets.sigreturn;
}

static void search_map(struct remote *r, const struct proc_map *map, uint8_t *buf)
{
	if (!(map->perms & PROC_X) || !(map->perms & PROC_R) || (map->perms & PROC_W) ||
	    (!map->inode && strcmp(map->path, "[vdso]") != 0))
		return;
	/* Chunks overlap so that no sequence is cut in two. */
	for (uint64_t at = map->lo; at < map->hi; at += CODE_CHUNK - NATIVE_GADGET_BYTES) {
		size_t n = proc_mem_read_some(&r->ms->mem, at, buf,
					      MIN(map->hi - at, (uint64_t)CODE_CHUNK));

		if (native_find_gadgets(&r->gadgets, buf, n, at))
			return;
	}
}

/* Objects that are never unloaded while the program runs, in order of choice. 0: may be. */
static int permanence(const struct proc_module *m)
{
	const char *base = path_base(m->path);

	if (str_starts(base, "libc.so") || str_starts(base, "libc-2."))
		return 1;
	return m->is_interp ? 2 : m->is_exe ? 3 : m->is_vdso ? 4 : 0;
}

static void search_gadgets(struct remote *r)
{
	uint8_t *buf;

	forget_stale(r);
	if (native_gadgets_enough(&r->gadgets))
		return;
	buf = xmalloc(CODE_CHUNK);
	/* The C library first: it is small and surely has both. Then what is there for good. */
	for (int rank = 1; rank <= 4; rank++)
		for (size_t k = 0; k < r->ms->n && !complete(r); k++)
			for (size_t i = 0; i < r->ms->maps.n && permanence(&r->ms->v[k]) == rank; i++)
				if (r->ms->maps.v[i].lo >= r->ms->v[k].lo &&
				    r->ms->maps.v[i].hi <= r->ms->v[k].hi)
					search_map(r, &r->ms->maps.v[i], buf);
	/* Anything else may be unmapped under our hands by a thread that runs. */
	for (size_t i = 0; i < r->ms->maps.n && !r->ts->one && !complete(r); i++)
		search_map(r, &r->ms->maps.v[i], buf);
	free(buf);
}

void remote_prepare(struct remote *r, struct threads *ts, struct proc_modules *ms)
{
	r->ts = ts;
	r->ms = ms;
	native_prepare();
	search_gadgets(r);
}

/* The kind of room below @sp: private, writable, and mapped already. */
static bool has_room(const struct remote *r, uint64_t sp)
{
	const struct proc_map *map = proc_maps_find(&r->ms->maps, sp - 1);
	uint64_t need = NATIVE_FRAME_MAX + SCRATCH_SIZE;

	/* One mapping for all of it: what lies below a stack may be its guard or somebody's data. */
	return map && (map->perms & (PROC_R | PROC_W | PROC_SHARED)) == (PROC_R | PROC_W) &&
	       sp - map->lo >= need;
}

/* How well @t would do: 0 not at all, with the reason. */
static int rate(struct remote *r, struct tracee *t, const char **why)
{
	struct native_regs *g = tracee_regs(t);
	struct proc_status st;
	int score = 1;

	if (!g) {
		*why = "it vanished";
		return 0;
	}
	if (!has_room(r, native_sp(g))) {
		*why = "there is no room below its stack pointer";
		return 0;
	}
	if (native_must_not_divert(r->ts->pid, t->tid, g, r->ms->mem.fd, why))
		return 0;
	if (native_syscall_nr(g) >= 0 || t->restarted)
		score += 4;
	if (!proc_status_read(&st, r->ts->pid, t->tid) && !st.seccomp)
		score += 8;
	if (!t->group_stopped)
		score += 1;
	return score;
}

static struct tracee *choose(struct remote *r, struct sut_err *err)
{
	struct tracee *best = NULL;
	const char *why = "no thread is stopped";
	char subject[32];
	int best_score = 0;

	for (size_t i = 0; i < r->ts->n; i++) {
		struct tracee *t = &r->ts->v[i];
		int score;

		if (t->state != TRACEE_STOPPED)
			continue;
		score = rate(r, t, &why);
		if (score > best_score) {
			best = t;
			best_score = score;
		}
		/* A waiting thread without filters: none is better, and looking costs pause. */
		if (score >= 13)
			break;
	}
	if (!best) {
		snprintf(subject, sizeof(subject), "pid %d", r->ts->pid);
		sut_fail(err, SUT_P_REMOTE_NO_THREAD, subject, "%s", why);
	}
	return best;
}

static int get_mask(pid_t tid, uint64_t *mask)
{
	return ptrace(PTRACE_GETSIGMASK, tid, sizeof(*mask), mask) ? -1 : 0;
}

static int set_mask(pid_t tid, uint64_t mask)
{
	return ptrace(PTRACE_SETSIGMASK, tid, sizeof(mask), &mask) ? -1 : 0;
}

int remote_begin(struct remote *r, struct threads *ts, struct proc_modules *ms,
		 struct sut_err *err)
{
	struct native_gadgets keep = r->gadgets;
	struct proc_maps maps;
	struct tracee *t;
	char subject[32];

	memset(r, 0, sizeof(*r));
	r->gadgets = keep;
	r->ts = ts;
	r->ms = ms;
	snprintf(subject, sizeof(subject), "pid %d", ts->pid);
	/* As they are now: a thread's stack or a library may be newer than what the caller read. */
	if (proc_maps_read(&maps, ts->pid, err))
		return -1;
	proc_maps_free(&ms->maps);
	ms->maps = maps;
	search_gadgets(r);
	if (!native_gadgets_enough(&r->gadgets))
		return sut_fail(err, SUT_P_REMOTE_NO_GADGET, subject,
				"no executable mapping has a %s sequence",
				r->gadgets.syscall_ret ? "signal-return" : "system-call");
	t = choose(r, err);
	if (!t)
		return -1;
	r->tid = t->tid;
	native_learn_rest(t->tid, tracee_regs(t), ms->mem.fd);
	seccomp_read(&r->seccomp, ts->pid, t->tid);
	/* Without it the thread could not heal. */
	if (!remote_allows(r, SYS_rt_sigreturn, (uint64_t[6]){0}, err))
		goto out;
	r->orig = *tracee_regs(t);
	if (get_mask(t->tid, &r->mask)) {
		fail(r, err, "read the signal mask");
		goto out;
	}
	if (native_build_frame(&r->frame, t->tid, &r->orig, r->mask, &r->gadgets, err))
		goto out;
	r->scratch = r->frame.scratch_top;
	if (proc_mem_write(&ms->mem, r->frame.addr, r->frame.bytes, r->frame.size, err))
		goto out;
	r->active = true;
	if (native_set_regs(t->tid, &r->frame.heal)) {
		fail(r, err, "set the registers");
		goto out;
	}
	if (set_mask(t->tid, ~0ULL)) {
		fail(r, err, "block signals");
		goto out;
	}
	return 0;
out:
	remote_end(r, err);
	return -1;
}

static void refuse(struct remote *r, long nr, uint32_t action, struct sut_err *err)
{
	char subject[32];

	snprintf(subject, sizeof(subject), "pid %d", r->ts->pid);
	if (r->seccomp.unreadable)
		sut_fail(err, SUT_P_SECCOMP, subject,
			 "thread %d has seccomp filters that cannot be read (%s)", r->tid,
			 strerror(r->seccomp.errno_why));
	else
		sut_fail(err, SUT_P_SECCOMP, subject, "thread %d: its filter would %s at system call %ld",
			 r->tid, seccomp_action_name(action), nr);
}

bool remote_allows(struct remote *r, long nr, const uint64_t args[6], struct sut_err *err)
{
	uint32_t action = seccomp_eval(&r->seccomp, native_audit_arch, nr,
				       r->gadgets.syscall_ret, args);

	if (seccomp_allows(action))
		return true;
	refuse(r, nr, action, err);
	return false;
}

/* Filters are asked about calls that are skipped, too: they may answer what they want, but not punish. */
static bool skips_unpunished(struct remote *r, struct sut_err *err)
{
	static const int numbers[] = NATIVE_NO_CALLS;
	const uint64_t none[6] = {0};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		uint32_t action = seccomp_eval(&r->seccomp, native_audit_arch, numbers[i],
					       r->gadgets.syscall_ret, none);

		if (!seccomp_allows(action) && (action & SECCOMP_RET_ACTION_FULL) != SECCOMP_RET_ERRNO) {
			refuse(r, numbers[i], action, err);
			return false;
		}
	}
	return true;
}

/* Waits for the next stop. 0 with *status; 1 deadline; -1 the thread is gone (ESRCH). */
static int wait_stop(struct remote *r, uint64_t deadline, int *status)
{
	struct await a;
	uint64_t now;
	int res = -1;

	await_begin(&a);
	for (;;) {
		pid_t w = waitpid(r->tid, status, WNOHANG | __WALL);

		if (w == r->tid && WIFSTOPPED(*status)) {
			res = 0;
			break;
		}
		if (w == r->tid || (w < 0 && errno != EINTR)) {
			me(r)->state = TRACEE_GONE;
			errno = ESRCH;
			break;
		}
		now = now_ns();
		if (now > deadline) {
			errno = ETIMEDOUT;
			res = 1;
			break;
		}
		await_event(&a, deadline - now);
	}
	now = (uint64_t)errno;
	await_end(&a);
	errno = (int)now;
	return res;
}

enum stop_kind { STOP_SYSCALL, STOP_EVENT, STOP_FAULT, STOP_SIGNAL };

/* Signals that an instruction causes. Somebody may send them, too. */
static uint64_t fault_signals(void)
{
	static const int sigs[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
	uint64_t mask = 0;

	for (size_t i = 0; i < ARRAY_SIZE(sigs); i++)
		mask |= 1ULL << (sigs[i] - 1);
	return mask;
}

/*
 * A signal that was sent is passed on (*@ret_pass), a fault of ours is not. What is blocked by then the kernel
 * keeps for later; SIGSTOP takes effect, and the thread comes to an event stop.
 */
static enum stop_kind kind_of(struct remote *r, int status, int *ret_pass)
{
	int sig = WSTOPSIG(status);
	siginfo_t si;

	*ret_pass = 0;
	if (sig == (SIGTRAP | 0x80))
		return STOP_SYSCALL;
	if (status >> 16 == PTRACE_EVENT_STOP) {
		me(r)->group_stopped = sig != SIGTRAP;
		return STOP_EVENT;
	}
	if (sig != SIGSTOP && (ptrace(PTRACE_GETSIGINFO, r->tid, 0, &si) || si.si_code > 0 ||
			       set_mask(r->tid, ~0ULL)))
		return STOP_FAULT;
	*ret_pass = sig;
	return STOP_SIGNAL;
}

/*
 * Lets the thread run with @request until a stop of interest: of a system call, an event stop where it is
 * just let go on, or a fault in a called function, the signal of which is dropped. Same results as
 * wait_stop().
 */
static int run_to_stop(struct remote *r, int request, uint64_t deadline, enum stop_kind *kind)
{
	int status, res, pass = 0;

	do {
		if (ptrace(request, r->tid, 0, pass))
			return -1;
		res = wait_stop(r, deadline, &status);
		if (res)
			return res;
		*kind = kind_of(r, status, &pass);
	} while (*kind == STOP_SIGNAL || (*kind == STOP_EVENT && request != PTRACE_CONT));
	return 0;
}

int remote_syscall(struct remote *r, long nr, const uint64_t args[6], long *ret,
		   struct sut_err *err)
{
	uint64_t deadline = now_ns() + SYSCALL_TIMEOUT;
	struct native_regs g;
	enum stop_kind kind;

	if (!r->active || r->dead) {
		errno = ESRCH;
		return fail(r, err, "make a system call");
	}
	if (!remote_allows(r, nr, args, err))
		return -1;
	native_prepare_syscall(&g, &r->frame, &r->gadgets, nr, args);
	if (native_set_regs(r->tid, &g))
		return fail(r, err, "set the registers");
	r->moved = true;
	r->at_exit_stop = false;
	/* Entry, then exit. */
	for (int i = 0; i < 2; i++) {
		if (run_to_stop(r, PTRACE_SYSCALL, deadline, &kind))
			return fail(r, err, "run the system call");
		if (kind != STOP_SYSCALL) {
			errno = EFAULT;
			return fail(r, err, "run the system call");
		}
		if (!i && native_confirm_syscall(r->tid, nr))
			return fail(r, err, "enter the system call");
	}
	if (native_get_regs(r->tid, &g))
		return fail(r, err, "read the result");
	*ret = native_syscall_result(&g);
	if (native_set_regs(r->tid, &r->frame.heal))
		return fail(r, err, "set the registers");
	r->at_exit_stop = true;
	return 0;
}

int remote_write_scratch(struct remote *r, const void *p, size_t n, uint64_t *ret_addr,
			 struct sut_err *err)
{
	uint64_t at = (r->scratch - n) & ~15ULL;

	if (n > SCRATCH_SIZE || r->frame.scratch_top - at > SCRATCH_SIZE) {
		errno = ENOSPC;
		return fail(r, err, "place an argument");
	}
	if (proc_mem_write(&r->ms->mem, at, p, n, err))
		return -1;
	r->scratch = at;
	*ret_addr = at;
	return 0;
}

int remote_write_string(struct remote *r, const char *s, uint64_t *ret_addr, struct sut_err *err)
{
	return remote_write_scratch(r, s, strlen(s) + 1, ret_addr, err);
}

void remote_scratch_reset(struct remote *r)
{
	r->scratch = r->frame.scratch_top;
}

static int interrupt(struct remote *r)
{
	return ptrace(PTRACE_INTERRUPT, r->tid, 0, 0) ? -1 : 0;
}

/* Brings the thread, which was interrupted, to an event stop without letting it do anything else. */
static int to_event_stop(struct remote *r)
{
	enum stop_kind kind;
	int res;

	do {
		res = run_to_stop(r, PTRACE_CONT, now_ns() + SYSCALL_TIMEOUT, &kind);
	} while (!res && kind != STOP_EVENT);
	return res ? -1 : 0;
}

/* Stops the thread wherever it is: perhaps it is on its way into a system call by now. */
static int cut_short(struct remote *r, enum stop_kind *kind)
{
	int status, pass;

	for (;;) {
		if (interrupt(r) || wait_stop(r, now_ns() + SYSCALL_TIMEOUT, &status))
			return -1;
		*kind = kind_of(r, status, &pass);
		if (*kind != STOP_SIGNAL)
			return 0;
		if (ptrace(PTRACE_SYSCALL, r->tid, 0, pass))
			return -1;
	}
}

/* Steps 25 to 29, from whatever stop. */
static int leave_function(struct remote *r, enum stop_kind kind, bool came_back)
{
	/* Not by the caller's deadline, which may have passed: the stop is certain, and behind it is no
	 * code that the thread may run. */
	if (kind == STOP_SYSCALL &&
	    (native_skip_syscall(r->tid, &r->frame.heal, came_back) ||
	     run_to_stop(r, PTRACE_SYSCALL, now_ns() + SYSCALL_TIMEOUT, &kind)))
		return -1;
	return native_set_regs(r->tid, &r->frame.heal) || set_mask(r->tid, ~0ULL) ? -1 : 0;
}

int remote_call_function(struct remote *r, uint64_t addr, const uint64_t args[6],
			 uint64_t timeout_ns, uint64_t *ret, struct sut_err *err)
{
	uint64_t deadline = now_ns() + timeout_ns, slot_addr = 0, slot[2] = {0};
	struct native_regs g;
	enum stop_kind kind;
	char subject[32];
	bool came_back;
	int res;

	if (!r->active || r->dead) {
		errno = ESRCH;
		return fail(r, err, "call a function");
	}
	if (!skips_unpunished(r, err))
		return -1;
	native_prepare_function(&g, &r->frame, &r->gadgets, addr, args, &slot_addr, slot);
	/* The slot lies below everything that the healing frame needs. */
	if (slot_addr && proc_mem_write(&r->ms->mem, slot_addr, slot, sizeof(slot[0]), err))
		return -1;
	if (set_mask(r->tid, ~fault_signals()))
		return fail(r, err, "let in signals");
	if (native_set_regs(r->tid, &g))
		return fail(r, err, "set the registers");
	r->moved = true;
	r->at_exit_stop = false;
	res = run_to_stop(r, PTRACE_SYSCALL, deadline, &kind);
	if (res < 0)
		return fail(r, err, "call a function");
	if (res > 0 && cut_short(r, &kind))
		return fail(r, err, "interrupt a function");
	if (native_get_regs(r->tid, &g))
		return fail(r, err, "read the result");
	/* Also a call of its own, which we do not let it make, stops here. */
	came_back = kind == STOP_SYSCALL && native_function_result(&g, &r->gadgets, ret);
	if (leave_function(r, kind, came_back))
		return fail(r, err, "leave a function");
	if (came_back)
		return 0;
	snprintf(subject, sizeof(subject), "pid %d", r->ts->pid);
	return sut_fail(err, SUT_P_REMOTE_TIMEOUT, subject, "the function at 0x%llx %s",
			(unsigned long long)addr,
			res > 0 ? "did not return in time" : "made a system call or faulted");
}

/*
 * Steps 9 to 12. Where the kernel has to be shown a call that it shall continue, the interrupt makes sure
 * that it looks; then 11 and 12 come before 10, and the signals that are let in with 11 find the thread
 * healed, as ever, or with all of its own.
 */
static int put_back(struct remote *r)
{
	struct native_regs rest;

	if (native_set_regs(r->tid, &r->frame.heal))
		return -1;
	if (!r->moved)
		return set_mask(r->tid, r->mask) || native_set_regs(r->tid, &r->orig) ? -1 : 0;
	if (interrupt(r))
		return -1;
	if (r->at_exit_stop && native_rest_regs(&r->orig, &rest))
		return set_mask(r->tid, r->mask) || native_set_regs(r->tid, &rest) || to_event_stop(r) ? -1 : 0;
	return to_event_stop(r) || set_mask(r->tid, r->mask) || native_set_regs(r->tid, &r->orig) ? -1 : 0;
}

int remote_end(struct remote *r, struct sut_err *err)
{
	struct tracee *t = r->active ? me(r) : NULL;
	int res = 0;

	if (t && !r->dead) {
		if (put_back(r))
			res = fail(r, err, "put the thread back");
		t->regs = r->orig;
		t->have_regs = !res;
		t->regs_dirty = false;
	}
	r->active = false;
	native_frame_free(&r->frame);
	seccomp_free(&r->seccomp);
	return res;
}

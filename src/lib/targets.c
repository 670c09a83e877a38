// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * check, apply and revert: one operation over a list of processes.
 *
 * Each process is a target with an outcome of its own. Reasons that concern one process are in its
 * entry; those of the document are about the request as a whole (a patch file that cannot be read).
 */
#include "lib/cancel.h"
#include "lib/kernel.h"
#include "lib/patchjson.h"
#include "lib/process.h"
#include "lib/result.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "apply/apply.h"
#include "base/log.h"
#include "proc/find.h"
#include "proc/status.h"

enum operation { OP_CHECK, OP_APPLY, OP_REVERT };

struct run {
	enum operation op;
	const struct patch *p;	/* check, apply */
	const char *name;	/* revert */
	struct apply_opts opts;
	bool all;		/* the processes were found, not named */
	bool again;		/* found after others were done */
	json_t *targets;
	unsigned int n_by[SUT_OUTCOME_PARTIAL + 1]; /* targets by outcome */
};

struct pids {
	pid_t *v;
	size_t n, cap;
	unsigned int n_denied;
};

static json_t *us_json(uint64_t ns)
{
	return json_integer((json_int_t)(ns / 1000));
}

static json_t *blockers_json(const struct apply_result *res)
{
	json_t *a = json_array();

	for (size_t i = 0; i < res->n_blockers; i++) {
		const struct apply_blocker *b = &res->blockers[i];
		json_t *j = json_object();

		json_object_set_new(j, "tid", json_integer(b->tid));
		json_object_set_new(j, "comm", text_json(b->comm));
		json_object_set_new(j, "verdict", text_json(b->unreliable ? "unreliable" :
									 b->scanned ? "possible" : "inside"));
		json_object_set_new(j, "function", text_json(b->unreliable ? NULL : b->func));
		json_object_set_new(j, "frame", json_integer((json_int_t)b->frame));
		json_object_set_new(j, "file", text_json(b->file));
		json_object_set_new(j, "line", b->file && b->line ? json_integer(b->line)
								  : json_null());
		json_object_set_new(j, "why", text_json(b->why));
		json_array_append_new(a, j);
	}
	return a;
}

static enum sut_outcome outcome_of_target(const struct run *run, const struct apply_result *res,
					  const struct sut_err *err)
{
	if (err->n)
		return outcome_of(err);
	switch (res->outcome) {
	case APPLY_DONE:
		return run->op == OP_CHECK    ? SUT_OUTCOME_OK
		       : run->op == OP_REVERT ? SUT_OUTCOME_REVERTED
					      : SUT_OUTCOME_APPLIED;
	case APPLY_ALREADY:
		return SUT_OUTCOME_ALREADY;
	case APPLY_NOT_NEEDED:
		return SUT_OUTCOME_NOT_NEEDED;
	case APPLY_BLOCKED:
		return SUT_OUTCOME_BLOCKED;
	case APPLY_FAILED:
		break;
	}
	return SUT_OUTCOME_FAILED;
}

/* Also where it is about to: its memory goes first, and for a while nothing else tells. */
static bool has_ended(pid_t pid)
{
	struct proc_maps maps = {0};
	struct sut_err quiet = {0};
	bool gone = !proc_live_thread(pid);

	if (!gone)
		gone = proc_maps_read(&maps, pid, &quiet) ? sut_err_has(&quiet, SUT_P_GONE) : !maps.n;
	proc_maps_free(&maps);
	sut_err_free(&quiet);
	return gone;
}

/*
 * Of processes that were found, not named, an end by themselves is no failure, and of a child that a patched
 * process forked meanwhile there is nothing to tell: it came with the patch.
 */
static bool worth_telling(const struct run *run, pid_t pid, const struct apply_result *res,
			  const struct sut_err *err)
{
	if (run->all && err->n && (sut_err_has(err, SUT_P_GONE) || has_ended(pid))) {
		log_debug("pid %d: it has ended", pid);
		return false;
	}
	return !run->again || err->n || res->outcome != APPLY_ALREADY;
}

static void add_target(struct run *run, pid_t pid, const struct apply_result *res,
		       const struct apply_forecast *fc, struct sut_err *err)
{
	enum sut_outcome o = outcome_of_target(run, res, err);
	json_t *j, *f;
	char comm[32];

	if (!worth_telling(run, pid, res, err))
		return;
	j = json_object();
	f = json_null();
	if (fc) {
		f = json_object();
		json_object_set_new(f, "samples", json_integer(fc->n_samples));
		json_object_set_new(f, "busy_samples", json_integer(fc->n_busy));
		json_object_set_new(f, "max_pause_us", us_json(fc->max_pause_ns));
	}
	proc_comm(pid, comm, sizeof(comm));
	if (!strcmp(comm, "?"))
		comm[0] = '\0'; /* gone */
	json_object_set_new(j, "pid", json_integer(pid));
	json_object_set_new(j, "comm", text_json(res->comm[0] ? res->comm : comm));
	json_object_set_new(j, "outcome", text_json(sut_outcome_name(o)));
	json_object_set_new(j, "exit_code", json_integer(sut_outcome_exit_code(o)));
	json_object_set_new(j, "functions", json_integer((json_int_t)res->n_funcs));
	json_object_set_new(j, "threads", json_integer(res->n_threads));
	json_object_set_new(j, "attempts", json_integer(res->attempts));
	json_object_set_new(j, "pause_us", us_json(res->pause_ns));
	json_object_set_new(j, "place_pause_us", us_json(res->place_pause_ns));
	json_object_set_new(j, "wall_us", us_json(res->wall_ns));
	json_object_set_new(j, "recovered", json_integer((json_int_t)res->recovered));
	json_object_set_new(j, "reused", json_boolean(res->reused));
	json_object_set_new(j, "text_compared_bytes",
			    json_integer((json_int_t)res->text_compared));
	json_object_set_new(j, "forecast", f);
	json_object_set_new(j, "blockers", blockers_json(res));
	json_object_set_new(j, "reasons", reasons_json(err));
	json_array_append_new(run->targets, j);
	run->n_by[o]++;
}

static void run_one(struct run *run, pid_t pid)
{
	struct apply_result res = {0};
	struct apply_forecast fc = {0};
	struct sut_err err = {0};

	if (process_usable(pid, &err)) {
		add_target(run, pid, &res, NULL, &err);
		sut_err_free(&err);
		return;
	}
	log_debug("pid %d: %s", pid,
		  run->op == OP_CHECK	? "checking"
		  : run->op == OP_APPLY ? "applying"
					: "reverting");
	if (run->op == OP_CHECK)
		apply_check(run->p, pid, &run->opts, &fc, &res, &err);
	else if (run->op == OP_APPLY)
		apply_patch(run->p, pid, &run->opts, &res, &err);
	else
		apply_revert(run->name, pid, &run->opts, &res, &err);
	add_target(run, pid, &res, run->op == OP_CHECK && fc.n_samples ? &fc : NULL, &err);
	apply_result_free(&res);
	sut_err_free(&err);
}

static void add_pid(struct pids *l, pid_t pid)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i] == pid)
			return;
	*VEC_PUSH(l->v, l->n, l->cap) = pid;
}

/* Every process that maps an object of the patch. */
static int find_objects(struct pids *l, const struct patch *p, struct sut_err *err)
{
	for (size_t i = 0; i < p->n_objects; i++) {
		const struct patch_object *o = &p->objects[i];
		struct proc_find_result f = {0};

		if (proc_find_build_id(o->build_id, o->build_id_size, &f, err)) {
			proc_find_free(&f);
			return -1;
		}
		for (size_t k = 0; k < f.n; k++)
			add_pid(l, f.v[k].pid);
		l->n_denied = MAX(l->n_denied, f.n_denied);
		proc_find_free(&f);
	}
	return 0;
}

static bool has_patch(pid_t pid, const char *name, unsigned int *denied)
{
	struct proc_maps maps = {0};
	struct proc_mem mem = {.fd = -1};
	struct ledgers ls = {0};
	struct sut_err quiet = {0};
	bool ours = false, found = false;

	if (!proc_maps_read(&maps, pid, &quiet))
		for (size_t i = 0; i < maps.n; i++)
			ours |= str_starts(maps.v[i].path, LEDGER_MAP_NAME);
	if (ours && !proc_mem_open(&mem, pid, false, &quiet) &&
	    !ledgers_read(&ls, &maps, &mem, &quiet))
		for (size_t i = 0; i < ls.n; i++)
			found |= ledger_group_live(&ls.v[i]) && ls.v[i].name &&
				 !strcmp(ls.v[i].name, name);
	*denied += sut_err_has(&quiet, SUT_P_PERMISSION);
	ledgers_free(&ls);
	proc_mem_close(&mem);
	proc_maps_free(&maps);
	sut_err_free(&quiet);
	return found;
}

/* Every process that has a patch of this name applied. */
static int find_patched(struct pids *l, const char *name, struct sut_err *err)
{
	DIR *d = opendir("/proc");
	unsigned int n_denied = 0;
	struct dirent *e;

	if (!d)
		return sut_fail(err, SUT_E_IO, "/proc", "it cannot be read");
	while ((e = readdir(d))) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

		if (pid > 0 && has_patch(pid, name, &n_denied))
			add_pid(l, pid);
	}
	closedir(d);
	l->n_denied = MAX(l->n_denied, n_denied);
	return 0;
}

/* The outcome of all targets together. */
static enum sut_outcome together(const struct run *run)
{
	static const enum sut_outcome good[] = {SUT_OUTCOME_APPLIED, SUT_OUTCOME_REVERTED,
						SUT_OUTCOME_OK, SUT_OUTCOME_ALREADY,
						SUT_OUTCOME_NOT_NEEDED},
				      bad[] = {SUT_OUTCOME_FAILED, SUT_OUTCOME_BLOCKED,
					       SUT_OUTCOME_USAGE};
	enum sut_outcome first = SUT_OUTCOME_NOT_NEEDED, worst = SUT_OUTCOME_OK;
	bool any_good = false, any_bad = false;

	for (size_t i = ARRAY_SIZE(good); i-- > 0;)
		if (run->n_by[good[i]]) {
			any_good = true;
			first = good[i];
		}
	for (size_t i = ARRAY_SIZE(bad); i-- > 0;)
		if (run->n_by[bad[i]]) {
			any_bad = true;
			worst = bad[i];
		}
	return any_good && any_bad ? SUT_OUTCOME_PARTIAL : any_bad ? worst : first;
}

static void relay_progress(void *ctx, const char *what)
{
	log_info("%s", what);
}

static void take_opts(struct run *run, struct pids *list, const struct sut_target_opts *o,
		      bool *ret_all)
{
	const pid_t *pids = o && OPT_HAS(o, pids) ? o->pids : NULL;
	unsigned int timeout = o && OPT_HAS(o, timeout_ms) ? o->timeout_ms : 0;
	unsigned int sample = o && OPT_HAS(o, sample_ms) ? o->sample_ms : 0;
	unsigned int pause = o && OPT_HAS(o, max_pause_ms) ? o->max_pause_ms : 0;

	run->opts.timeout_ns = (run->op == OP_CHECK ? sample : timeout) * 1000000ULL;
	run->opts.max_pause_ns = pause * 1000000ULL;
	run->opts.cancel = lib_cancel();
	run->opts.progress = relay_progress;
	for (; pids && *pids; pids++)
		add_pid(list, *pids);
	*ret_all = o && OPT_HAS(o, all) && o->all;
}

static void run_list(struct run *run, const struct pids *list, size_t first, struct sut_err *err)
{
	for (size_t i = first; i < list->n; i++) {
		if (run->opts.cancel && *run->opts.cancel) {
			sut_fail(err, SUT_E_INTERRUPTED, "targets", "%zu of %zu were not looked at",
				 list->n - i, list->n);
			return;
		}
		run_one(run, list->v[i]);
	}
}

/*
 * A process may fork between the moment at which the list is made and that at which it is changed; its child is
 * as it was. So we look again until there is none that needed anything. Programs that start new processes all
 * the time, as a shell's loop does, have no such moment; after the last round it is as with any new process.
 */
static int run_found(struct run *run, struct pids *list, struct sut_err *err)
{
	enum { MAX_ROUNDS = 20 };

	for (int round = 0; round < MAX_ROUNDS; round++) {
		size_t first = list->n, told = json_array_size(run->targets);

		if (run->op == OP_REVERT ? find_patched(list, run->name, err) : find_objects(list, run->p, err))
			return -1;
		run->again = round > 0;
		run_list(run, list, first, err);
		if (err->n || run->op == OP_CHECK || json_array_size(run->targets) == told)
			break;
	}
	return 0;
}

static struct sut_result *operate(struct run *run, struct sut_result *r,
				  const struct sut_target_opts *opts, struct sut_err *err)
{
	struct pids list = {0};
	enum sut_outcome o = SUT_OUTCOME_FAILED;
	bool ready = !err->n;

	run->targets = json_array();
	take_opts(run, &list, opts, &run->all);
	if (ready && !run->all && !list.n)
		sut_fail(err, SUT_U_USAGE, "targets", "neither process ids nor all%s",
			 run->op == OP_REVERT ? ", and the kernel has no patch of this name" :
			 ", and the patch is not for the kernel");
	else if (ready && run->all)
		ready = !run_found(run, &list, err);
	else if (ready)
		run_list(run, &list, 0, err);
	if (ready)
		o = together(run);
	if (err->n && run->n_by[SUT_OUTCOME_APPLIED] + run->n_by[SUT_OUTCOME_REVERTED])
		o = SUT_OUTCOME_PARTIAL;
	json_object_set_new(r->doc, "kernel", json_null());
	json_object_set_new(r->doc, "targets", run->targets);
	json_object_set_new(r->doc, "not_readable", json_integer(list.n_denied));
	free(list.v);
	return result_done(r, o, err);
}

/* Neither process ids nor all: the kernel, where the patch is one for it. */
static bool names_no_process(const struct sut_target_opts *o)
{
	bool pids = o && OPT_HAS(o, pids) && o->pids && *o->pids;

	return !pids && !(o && OPT_HAS(o, all) && o->all);
}

static struct sut_result *with_patch(enum operation op, const char *command, const char *path,
				     const struct sut_target_opts *opts)
{
	struct sut_result *r = result_new(command);
	struct sut_err err = {0};
	struct patch *p = patch_read(path, &err);
	struct run run = {.op = op, .p = p};

	json_object_set_new(r->doc, "patch", p ? patch_head_json(p) : json_null());
	if (p && p->kernel && names_no_process(opts)) {
		r = kernel_operate(op == OP_CHECK ? KERNEL_OP_CHECK : KERNEL_OP_APPLY, r, p, NULL, opts, &err);
	} else {
		if (p && p->kernel)
			sut_fail(&err, SUT_U_USAGE, path, "it is for the kernel: name no process");
		r = operate(&run, r, opts, &err);
	}
	patch_free(p);
	return r;
}

struct sut_result *sut_check(const char *path, const struct sut_target_opts *opts)
{
	return with_patch(OP_CHECK, "check", path, opts);
}

struct sut_result *sut_apply(const char *path, const struct sut_target_opts *opts)
{
	return with_patch(OP_APPLY, "apply", path, opts);
}

struct sut_result *sut_revert(const char *name, const struct sut_target_opts *opts)
{
	struct sut_result *r = result_new("revert");
	struct sut_err err = {0};
	struct patch *p = NULL;
	struct run run = {.op = OP_REVERT, .name = name};

	/* A name has no slash; a file may be called like a name, and then it is what is meant. */
	if (!patch_name_ok(name) || str_ends(name, ".sut")) {
		p = patch_read(name, &err);
		run.name = p ? p->name : name;
	}
	json_object_set_new(r->doc, "patch",
			    p ? patch_head_json(p) : json_pack("{s:o}", "name", text_json(name)));
	if (!err.n && names_no_process(opts) && (p ? p->kernel != NULL : kernel_has_patch(name)))
		r = kernel_operate(KERNEL_OP_REVERT, r, NULL, p ? p->kernel->module : name, opts, &err);
	else
		r = operate(&run, r, opts, &err);
	patch_free(p);
	return r;
}

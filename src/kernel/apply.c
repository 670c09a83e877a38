// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loading a patch module and following its transition.
 *
 * The kernel does the switching: each task changes over by itself, when its stack has none of the functions
 * that change, or when it goes to user space (Documentation/livepatch/livepatch.rst). What is left to do here
 * is to be sure that it is the right kernel before anything is loaded, to see who is in the way, and to
 * leave nothing half done.
 *
 * A kernel without livepatch gets our core module first (core/), which switches all tasks in one moment, shows
 * itself in sysfs as livepatch does, and goes with the last patch.
 *
 * The order is: identity (release, build-id, build-ids of modules, places of the functions in kallsyms), then
 * what is loaded already, then load. From there every way out leads to one of two states: all tasks patched
 * and the module loaded, or all tasks as before and the module unloaded. A transition that does not end in
 * time is reversed, which the kernel does task by task like the way there. Only where the way back is blocked
 * as well do both versions stay side by side, which is safe; that is said, and the command can be repeated.
 *
 * There is no file that says what is applied: sysfs does, and the module itself carries what status shows. So a
 * command that was killed is taken over by the next one.
 */
#include "kernel/apply.h"
#include "kernel/kmod.h"
#include "kernel/probes.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	LOOK_US = 50000,		/* between two looks at a transition */
	DEFAULT_TIMEOUT_S = 60,
	CORE_EXTRA_S = 10,		/* the core goes on for so long where nobody follows any more */
};

static const uint64_t second = 1000000000;

char *kernel_info_name(const char *info)
{
	json_t *j = info ? json_loads(info, 0, NULL) : NULL;
	const char *s = json_string_value(json_object_get(j, "name"));
	char *name = s ? xstrdup(s) : NULL;

	json_decref(j);
	return name;
}

static bool same_content(const char *info, const char *content)
{
	json_t *j = info ? json_loads(info, 0, NULL) : NULL;
	const char *s = json_string_value(json_object_get(j, "content"));
	bool same = s && content && !strcmp(s, content);

	json_decref(j);
	return same;
}

static void say(const struct kernel_opts *o, const char *fmt, ...) PRINTF(2, 3);
static void say(const struct kernel_opts *o, const char *fmt, ...)
{
	va_list ap;
	char *s;

	if (!o->progress)
		return;
	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	o->progress(o->ctx, s);
	free(s);
}

static bool cancelled(const struct kernel_opts *o)
{
	return o->cancel && *o->cancel;
}

static uint64_t timeout_of(const struct kernel_opts *o)
{
	return o->timeout_ns ? o->timeout_ns : DEFAULT_TIMEOUT_S * second;
}

static uint64_t deadline_of(const struct kernel_opts *o)
{
	return timeout_of(o) + CORE_EXTRA_S * second;
}

/* ---- is it the right kernel? ---- */

static char *id_text(const uint8_t *id, size_t n)
{
	return id ? hex_encode(id, n) : xstrdup("unknown");
}

static void check_identity(const struct patch_kernel *k, const struct krunning *run, struct sut_err *err)
{
	if (strcmp(k->release, run->release) || k->machine != run->machine) {
		sut_fail(err, SUT_K_OTHER_KERNEL, run->release, "the patch is for %s%s", k->release,
			 k->machine != run->machine ? " on another architecture" : "");
		return;
	}
	if (!run->build_id || run->build_id_size != k->build_id_size ||
	    memcmp(run->build_id, k->build_id, k->build_id_size)) {
		char *want = id_text(k->build_id, k->build_id_size), *have = id_text(run->build_id, run->build_id_size);

		sut_fail(err, SUT_K_OTHER_KERNEL, run->release, "its build-id is %s, and the patch is for %s", have, want);
		free(want);
		free(have);
		return;
	}
	if (!strcmp(k->core, "livepatch") && !run->livepatch)
		sut_fail(err, SUT_K_NO_LIVEPATCH, run->release, "there is no /sys/kernel/livepatch");
	if (!strcmp(k->core, "suture_core") && run->livepatch)
		sut_fail(err, SUT_K_NO_LIVEPATCH, run->release,
			 "it has live patching of its own, and the patch was built for a kernel without");
}

static void check_module(const struct patch_kobject *o, struct kernel_result *ret, struct sut_err *err)
{
	uint8_t *id = NULL;
	size_t n = 0;
	bool loaded, known = ksys_module_id(o->name, &id, &n, &loaded);

	if (!loaded && o->must_be_loaded)
		sut_fail(err, SUT_K_NOT_LOADED, o->name, "it is not loaded");
	else if (!loaded)
		strvec_push(&ret->waiting, o->name);
	else if (o->build_id && (!known || n != o->build_id_size || memcmp(id, o->build_id, n)))
		sut_fail(err, SUT_K_OTHER_MODULE, o->name, "%s", known ? "its build-id is another one"
								       : "it shows no build-id");
	free(id);
}

/* Every function is where the proof found it. */
static void check_places(const struct patch_kernel *k, const struct kernel_result *ret, struct sut_err *err)
{
	struct ksys_lookup *v = NULL;
	const struct patch_kfunc **f = NULL;
	size_t n = 0, cap = 0, cap_f = 0, n_f = 0;

	for (size_t i = 0; i < k->n_objects; i++)
		for (size_t j = 0; j < k->objects[i].n_funcs && !strvec_has(&ret->waiting, k->objects[i].name); j++) {
			const struct patch_kfunc *kf = &k->objects[i].funcs[j];

			*VEC_PUSH(v, n, cap) = (struct ksys_lookup){.object = k->objects[i].name, .name = kf->name,
								    .pos = kf->sympos};
			*VEC_PUSH(f, n_f, cap_f) = kf;
		}
	/* Where the table shows no addresses the kernel itself still looks for the name and position. */
	if (n && ksys_symbols(v, n) == 0)
		for (size_t i = 0; i < n; i++) {
			bool vmlinux = !strcmp(v[i].object, "vmlinux");

			if (!v[i].found)
				sut_fail(err, SUT_K_SYMBOL, v[i].name, "%s in %s",
					 v[i].n ? "several have this name" : "there is no such symbol", v[i].object);
			else if (vmlinux && f[i]->addr && v[i].addr != f[i]->addr)
				sut_fail(err, SUT_K_SYMBOL, v[i].name, "it is at _text+0x%llx, and expected at _text+0x%llx",
					 (unsigned long long)v[i].addr, (unsigned long long)f[i]->addr);
		}
	free(v);
	free(f);
}

static int check(const struct patch *p, struct kernel_result *ret, struct sut_err *err)
{
	const struct patch_kernel *k = p->kernel;
	struct krunning run;
	size_t before = err->n;

	krunning_read(&run);
	ret->module = xstrdup(k->module);
	for (size_t i = 0; i < k->n_objects; i++)
		ret->n_funcs += k->objects[i].n_funcs;
	check_identity(k, &run, err);
	krunning_free(&run);
	if (err->n > before)
		return -1;
	if (geteuid() != 0)
		return sut_fail(err, SUT_K_PERMISSION, "kernel", "this is not root");
	for (size_t i = 0; i < k->n_objects; i++)
		if (strcmp(k->objects[i].name, "vmlinux"))
			check_module(&k->objects[i], ret, err);
	if (err->n == before)
		kcore_check(p, err);
	if (err->n == before)
		check_places(k, ret, err);
	return err->n > before ? -1 : 0;
}

/* ---- what is loaded? ---- */

enum loaded {
	LOADED_NOT,
	LOADED_OFF,		/* a module of ours that patches nothing */
	LOADED_ON,
	LOADED_COMING,		/* in transition to be applied */
	LOADED_REFUSED,
};

static enum loaded look(const struct patch *p, struct sut_err *err)
{
	const struct patch_kernel *k = p->kernel;
	enum loaded ret = LOADED_NOT;
	struct ksys_patches ps;

	ksys_patches_read(&ps);
	for (size_t i = 0; i < ps.n; i++) {
		const struct ksys_patch *s = &ps.v[i];

		if (strcmp(s->module, k->module)) {
			if (s->transition) {
				sut_fail(err, SUT_K_ON_TOP, s->module, "its transition is under way");
				ret = LOADED_REFUSED;
				break;
			}
			continue;
		}
		if (s->off || (!s->enabled && !s->transition))
			ret = LOADED_OFF;
		else if (!same_content(s->info, k->content)) {
			sut_fail(err, SUT_K_NAME_TAKEN, p->name, "module %s is loaded", s->module);
			ret = LOADED_REFUSED;
		} else if (!s->enabled) {
			sut_fail(err, SUT_K_STUCK, p->name, "it is being reverted");
			ret = LOADED_REFUSED;
		} else {
			ret = s->transition ? LOADED_COMING : LOADED_ON;
		}
		if (ret == LOADED_REFUSED)
			break;
	}
	ksys_patches_free(&ps);
	return ret;
}

/* ---- modules ---- */

/* Of a patch; and with the last one the core. */
static bool unload(const char *module)
{
	bool gone = kmod_unload(module);
	int e = errno;

	kcore_drop();
	errno = e;
	return gone;
}

/* The core first. Another command may have unloaded it in between: then once more. */
static int load(const struct patch *p, const struct kernel_opts *o, struct sut_err *err)
{
	struct sut_err own = {0};
	int r = -1;

	for (int i = 0; i < 2 && r < 0; i++) {
		sut_err_free(&own);
		r = kcore_load(p, &own);
		if (r < 0)
			break;
		kcore_set_deadline(deadline_of(o));
		r = kmod_load(&p->kernel->files[0], p->name, &own);
		if (r < 0 && errno != ENOENT)
			break;
	}
	if (r < 0) {
		kcore_drop();
		sut_err_move_new(err, &own);
	}
	sut_err_free(&own);
	return r;
}

/* ---- the transition ---- */

static void look_at_tasks(const char *module, struct kernel_result *ret)
{
	struct ksys_patches ps;

	ksys_tasks_free(&ret->blockers);
	ksys_patches_read(&ps);
	for (size_t i = 0; i < ps.n; i++)
		if (!strcmp(ps.v[i].module, module) && !ps.v[i].off)
			ksys_tasks_read(&ps.v[i], &ret->blockers);
	ksys_patches_free(&ps);
}

static void tell_tasks(const struct kernel_opts *o, const struct kernel_result *ret, const char *what)
{
	const struct ksys_tasks *t = &ret->blockers;

	if (!t->n)
		return;
	say(o, "%s: %zu task%s left, among them %d (%s)%s%s", what, t->n, t->n == 1 ? "" : "s", t->v[0].tid, t->v[0].comm,
	    t->v[0].func ? " in " : "", t->v[0].func ? t->v[0].func : "");
}

/* Waits for the end of a transition to @on. 0: it ended; -1: the time is over. */
static int follow(const char *module, bool on, const struct kernel_opts *o, uint64_t timeout, struct kernel_result *ret)
{
	uint64_t start = now_ns(), told = start;
	bool enabled, transition;

	for (;;) {
		/* A patch that is off is gone from sysfs at once, or is there and disabled. */
		if (!ksys_patch_look(module, &enabled, &transition))
			return on ? -1 : 0;
		if (!transition && enabled == on)
			return 0;
		if (!transition && enabled != on)
			return -1;
		if (now_ns() - start > timeout || (on && cancelled(o)))
			return -1;
		if (now_ns() - told > 2 * second) {
			told = now_ns();
			look_at_tasks(module, ret);
			tell_tasks(o, ret, on ? "transition" : "way back");
		}
		usleep(LOOK_US);
	}
}

static int take_back(const char *module, const char *subject, const struct kernel_opts *o, uint64_t timeout,
		     struct kernel_result *ret, struct sut_err *err)
{
	struct kernel_result back = {0};
	bool enabled, transition;

	say(o, "taking it back");
	if (ksys_patch_look(module, &enabled, &transition) && enabled && ksys_patch_enable(module, false) < 0)
		return sut_fail(err, SUT_K_STUCK, subject, "the transition cannot be reversed: %s", strerror(errno));
	if (follow(module, false, o, MAX(timeout, 10 * second), &back) < 0) {
		look_at_tasks(module, ret);
		kernel_result_free(&back);
		return sut_fail(err, SUT_K_STUCK, subject, "the way back has not ended either");
	}
	kernel_result_free(&back);
	ret->reversed = true;
	ret->unloaded = unload(module);
	return 0;
}

static int transition_failed(const char *name, const char *module, const struct kernel_opts *o, uint64_t timeout,
			     struct kernel_result *ret, struct sut_err *err)
{
	bool enabled, transition, there = ksys_patch_look(module, &enabled, &transition);
	bool interrupted = cancelled(o);

	look_at_tasks(module, ret);
	if (!there || (!enabled && !transition)) {
		ret->unloaded = unload(module);
		return sut_fail(err, ret->blockers.n ? SUT_K_TRANSITION : SUT_K_LOAD, name,
				"the kernel took it back by itself");
	}
	if (take_back(module, name, o, timeout, ret, err) < 0)
		return -1;
	if (interrupted)
		return sut_fail(err, SUT_E_INTERRUPTED, name, "it was taken back");
	sut_fail(err, SUT_K_TRANSITION, name, "%zu task%s had not changed over after %llu seconds", ret->blockers.n,
		 ret->blockers.n == 1 ? "" : "s", (unsigned long long)(timeout / second));
	if (!ret->unloaded)
		sut_fail_chain(err, "the module '%s' is off and still loaded", module);
	return -1;
}

static int finish(struct kernel_result *ret, uint64_t start, const struct sut_err *err, size_t before)
{
	ret->wall_ns = now_ns() - start;
	if (err->n == before)
		return 0;
	ret->outcome = KERNEL_BLOCKED;
	for (size_t i = before; i < err->n; i++)
		if (sut_code_info(err->v[i].code)->class != SUT_CLASS_REFUSAL)
			ret->outcome = KERNEL_FAILED;
	return -1;
}

int kernel_check(const struct patch *p, struct kernel_result *ret, struct sut_err *err)
{
	uint64_t start = now_ns();
	size_t before = err->n;

	if (check(p, ret, err) == 0) {
		if (look(p, err) == LOADED_ON)
			ret->outcome = KERNEL_ALREADY;
		else
			probes_check(p->kernel, err);
	}
	return finish(ret, start, err, before);
}

static void apply(const struct patch *p, const struct kernel_opts *o, struct kernel_result *ret, struct sut_err *err)
{
	const struct patch_kernel *k = p->kernel;
	uint64_t start;
	size_t before = err->n;
	enum loaded loaded;

	if (check(p, ret, err) < 0)
		return;
	loaded = look(p, err);
	/* One that is on, or nearly so, stays as it is. */
	if (loaded == LOADED_NOT || loaded == LOADED_OFF)
		probes_check(k, err);
	if (err->n > before)
		return;
	switch (loaded) {
	case LOADED_REFUSED:
		return;
	case LOADED_ON:
		ret->outcome = KERNEL_ALREADY;
		return;
	case LOADED_OFF:
		if (!unload(k->module)) {
			sut_fail(err, SUT_K_BUSY, k->module, "%s", strerror(errno));
			return;
		}
		/* fall through */
	case LOADED_NOT:
		say(o, "loading %s", k->module);
		if (load(p, o, err) < 0)
			return;
		break;
	case LOADED_COMING:
		say(o, "following the transition that is under way");
		break;
	}
	start = now_ns();
	if (follow(k->module, true, o, timeout_of(o), ret) < 0)
		transition_failed(p->name, k->module, o, timeout_of(o), ret, err);
	else
		ksys_tasks_free(&ret->blockers);
	ret->transition_ns = now_ns() - start;
}

int kernel_apply(const struct patch *p, const struct kernel_opts *opts, struct kernel_result *ret,
		 struct sut_err *err)
{
	uint64_t start = now_ns();
	size_t before = err->n;

	apply(p, opts, ret, err);
	return finish(ret, start, err, before);
}

/* ---- and back ---- */

static bool is_named(const struct ksys_patch *s, const char *name)
{
	char *n = kernel_info_name(s->info);
	bool same = s->info && ((n && !strcmp(n, name)) || !strcmp(s->module, name));

	free(n);
	return same;
}

bool kernel_has_patch(const char *name)
{
	struct ksys_patches ps;
	bool found = false;

	ksys_patches_read(&ps);
	for (size_t i = 0; i < ps.n; i++)
		found |= is_named(&ps.v[i], name);
	ksys_patches_free(&ps);
	return found;
}

/* It was on as a whole before: that is where it goes back to. */
static bool keep(const char *module, const struct kernel_opts *o)
{
	struct kernel_result back = {0};
	bool kept = ksys_patch_enable(module, true) == 0 &&
		    follow(module, true, o, MAX(timeout_of(o), 10 * second), &back) == 0;

	kernel_result_free(&back);
	return kept;
}

static void revert_one(const struct ksys_patch *s, const char *name, const struct kernel_opts *o,
		       struct kernel_result *ret, struct sut_err *err)
{
	uint64_t start = now_ns();

	ret->module = xstrdup(s->module);
	ret->n_funcs = s->n_funcs;
	if (!s->off && s->enabled) {
		say(o, "reverting %s", s->module);
		kcore_set_deadline(deadline_of(o));
		if (ksys_patch_enable(s->module, false) < 0) {
			sut_fail(err, errno == EBUSY ? SUT_K_ON_TOP : SUT_K_STUCK, name, "the kernel refuses: %s",
				 strerror(errno));
			return;
		}
	}
	if (!s->off && follow(s->module, false, o, timeout_of(o), ret) < 0) {
		look_at_tasks(s->module, ret);
		if (s->enabled && !s->transition && keep(s->module, o)) {
			ret->reversed = true;
			sut_fail(err, SUT_K_TRANSITION, name, "%zu task%s had not left the patch's code; it stays applied",
				 ret->blockers.n, ret->blockers.n == 1 ? "" : "s");
			return;
		}
		sut_fail(err, SUT_K_STUCK, name, "%zu task%s had not left the patch's code", ret->blockers.n,
			 ret->blockers.n == 1 ? "" : "s");
		return;
	}
	ret->transition_ns = now_ns() - start;
	ksys_tasks_free(&ret->blockers);
	ret->unloaded = unload(s->module);
	if (!ret->unloaded)
		sut_fail(err, SUT_K_BUSY, s->module, "%s", strerror(errno));
}

int kernel_revert(const char *name, const struct kernel_opts *opts, struct kernel_result *ret,
		  struct sut_err *err)
{
	uint64_t start = now_ns();
	size_t before = err->n;
	struct ksys_patches ps;
	bool found = false;

	ksys_patches_read(&ps);
	for (size_t i = 0; i < ps.n && !found; i++) {
		if (!is_named(&ps.v[i], name))
			continue;
		found = true;
		if (geteuid() != 0)
			sut_fail(err, SUT_K_PERMISSION, "kernel", "this is not root");
		else
			revert_one(&ps.v[i], name, opts, ret, err);
	}
	ksys_patches_free(&ps);
	if (!found)
		sut_fail(err, SUT_K_NOT_APPLIED, name, "no module of Suture has this name");
	return finish(ret, start, err, before);
}

void kernel_result_free(struct kernel_result *r)
{
	free(r->module);
	strvec_free(&r->waiting);
	ksys_tasks_free(&r->blockers);
	memset(r, 0, sizeof(*r));
}

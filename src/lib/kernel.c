// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/kernel.h"
#include "base/log.h"
#include "lib/cancel.h"

#include <stdlib.h>
#include <string.h>

static json_t *kfunc_json(const struct patch_kfunc *f)
{
	json_t *j = json_object();

	json_object_set_new(j, "name", text_json(f->name));
	json_object_set_new(j, "address", hex_json(f->addr));
	json_object_set_new(j, "size_bytes", json_integer((json_int_t)f->size));
	json_object_set_new(j, "new_size_bytes", json_integer((json_int_t)f->new_size));
	json_object_set_new(j, "position", json_integer(f->sympos));
	json_object_set_new(j, "file", text_json(f->file));
	json_object_set_new(j, "line", f->file && f->line ? json_integer(f->line) : json_null());
	json_object_set_new(j, "why", text_json(f->why));
	json_object_set_new(j, "chain", strvec_json(&f->why_chain));
	return j;
}

json_t *kernel_patch_json(const struct patch_kernel *k)
{
	json_t *j = json_object(), *objects = json_array();
	const struct target *t;
	char *id;

	if (!k) {
		json_decref(j);
		json_decref(objects);
		return json_null();
	}
	t = target_find(k->machine);
	for (size_t i = 0; i < k->n_objects; i++) {
		const struct patch_kobject *o = &k->objects[i];
		json_t *e = json_object(), *funcs = json_array();

		id = o->build_id ? hex_encode(o->build_id, o->build_id_size) : NULL;
		for (size_t f = 0; f < o->n_funcs; f++)
			json_array_append_new(funcs, kfunc_json(&o->funcs[f]));
		json_object_set_new(e, "name", text_json(o->name));
		json_object_set_new(e, "build_id", text_json(id));
		json_object_set_new(e, "callbacks", strvec_json(&o->callbacks));
		json_object_set_new(e, "must_be_loaded", json_boolean(o->must_be_loaded));
		json_object_set_new(e, "functions", funcs);
		json_array_append_new(objects, e);
		free(id);
	}
	id = hex_encode(k->build_id, k->build_id_size);
	json_object_set_new(j, "release", text_json(k->release));
	json_object_set_new(j, "build_id", text_json(id));
	json_object_set_new(j, "architecture", text_json(t ? t->name : "unknown"));
	json_object_set_new(j, "core", text_json(k->core));
	json_object_set_new(j, "module", text_json(k->module));
	json_object_set_new(j, "module_bytes", json_integer((json_int_t)k->files[0].size));
	json_object_set_new(j, "signed", json_boolean(k->is_signed));
	json_object_set_new(j, "replace", json_boolean(k->replace));
	json_object_set_new(j, "objects", objects);
	json_object_set_new(j, "new_functions", strvec_json(&k->new_funcs));
	json_object_set_new(j, "new_data", strvec_json(&k->new_data));
	free(id);
	return j;
}

static json_t *tasks_json(const struct ksys_tasks *t)
{
	json_t *a = json_array();

	for (size_t i = 0; i < t->n; i++) {
		json_t *j = json_object();

		json_object_set_new(j, "pid", json_integer(t->v[i].pid));
		json_object_set_new(j, "tid", json_integer(t->v[i].tid));
		json_object_set_new(j, "comm", text_json(t->v[i].comm));
		json_object_set_new(j, "function", text_json(t->v[i].func));
		json_object_set_new(j, "stack", strvec_json(&t->v[i].stack));
		json_array_append_new(a, j);
	}
	return a;
}

static enum sut_outcome outcome_for(enum kernel_operation op, const struct kernel_result *res,
				    const struct sut_err *err)
{
	if (err->n)
		return outcome_of(err);
	if (res->outcome == KERNEL_ALREADY)
		return SUT_OUTCOME_ALREADY;
	return op == KERNEL_OP_CHECK ? SUT_OUTCOME_OK
	       : op == KERNEL_OP_APPLY ? SUT_OUTCOME_APPLIED : SUT_OUTCOME_REVERTED;
}

static void relay_progress(void *ctx, const char *what)
{
	log_info("%s", what);
}

struct sut_result *kernel_operate(enum kernel_operation op, struct sut_result *r, const struct patch *p,
				  const char *name, const struct sut_target_opts *opts, struct sut_err *err)
{
	unsigned int timeout = opts && OPT_HAS(opts, timeout_ms) ? opts->timeout_ms : 0;
	struct kernel_opts ko = {.timeout_ns = timeout * 1000000ULL, .cancel = lib_cancel(),
				 .progress = relay_progress};
	struct kernel_result res = {0};
	struct krunning run, after;
	enum sut_outcome o;
	json_t *j = json_object();

	krunning_read(&run);
	if (op == KERNEL_OP_CHECK)
		kernel_check(p, &res, err);
	else if (op == KERNEL_OP_APPLY)
		kernel_apply(p, &ko, &res, err);
	else
		kernel_revert(name, &ko, &res, err);
	krunning_read(&after);
	o = outcome_for(op, &res, err);
	json_object_set_new(j, "release", text_json(run.release));
	json_object_set_new(j, "outcome", text_json(sut_outcome_name(o)));
	json_object_set_new(j, "exit_code", json_integer(sut_outcome_exit_code(o)));
	json_object_set_new(j, "module", text_json(res.module));
	json_object_set_new(j, "functions", json_integer((json_int_t)res.n_funcs));
	json_object_set_new(j, "transition_us", json_integer((json_int_t)(res.transition_ns / 1000)));
	json_object_set_new(j, "wall_us", json_integer((json_int_t)(res.wall_ns / 1000)));
	json_object_set_new(j, "reversed", json_boolean(res.reversed));
	json_object_set_new(j, "unloaded", json_boolean(res.unloaded));
	json_object_set_new(j, "waiting_for", strvec_json(&res.waiting));
	json_object_set_new(j, "taint", json_integer((json_int_t)after.taint));
	json_object_set_new(j, "tasks", tasks_json(&res.blockers));
	json_object_set_new(j, "reasons", reasons_json(err));
	json_object_set_new(r->doc, "kernel", j);
	json_object_set_new(r->doc, "targets", json_array());
	json_object_set_new(r->doc, "not_readable", json_integer(0));
	kernel_result_free(&res);
	krunning_free(&run);
	krunning_free(&after);
	/* The reasons are the target's, as for processes. */
	sut_err_free(err);
	return result_done(r, o, err);
}

static const char *state_of(const struct ksys_patch *p)
{
	if (p->off)
		return "off";
	if (p->transition)
		return p->enabled ? "applying" : "reverting";
	return p->enabled ? "applied" : "off";
}

static json_t *status_patch_json(const struct ksys_patch *p)
{
	json_t *j = json_object(), *info = p->info ? json_loads(p->info, 0, NULL) : NULL, *funcs = json_array();
	static const char *const told[] = {"version", "description", "cves"};
	struct ksys_tasks tasks = {0};

	if (p->transition)
		ksys_tasks_read(p, &tasks);
	for (size_t i = 0; i < p->n_funcs; i++)
		json_array_append_new(funcs, json_pack("{s:o, s:o, s:I}", "object", text_json(p->funcs[i].object),
						       "name", text_json(p->funcs[i].name), "position",
						       (json_int_t)p->funcs[i].sympos));
	if (json_is_string(json_object_get(info, "name")))
		json_object_set(j, "name", json_object_get(info, "name"));
	else
		json_object_set_new(j, "name", text_json(p->module));
	for (size_t i = 0; i < ARRAY_SIZE(told); i++) {
		json_t *v = json_object_get(info, told[i]);

		/* A module may say anything: only what has the right type is handed on. */
		if (i == 2)
			json_object_set_new(j, told[i], json_is_array(v) ? json_deep_copy(v) : json_array());
		else
			json_object_set_new(j, told[i], json_is_string(v) ? json_incref(v) : json_null());
	}
	json_object_set_new(j, "ours", json_boolean(p->info != NULL));
	json_object_set_new(j, "module", text_json(p->module));
	json_object_set_new(j, "module_state", text_json(p->state));
	json_object_set_new(j, "module_taint", text_json(p->taint));
	json_object_set_new(j, "core", text_json(p->core));
	json_object_set_new(j, "state", text_json(state_of(p)));
	json_object_set_new(j, "functions", funcs);
	json_object_set_new(j, "tasks", tasks_json(&tasks));
	ksys_tasks_free(&tasks);
	json_decref(info);
	return j;
}

json_t *kernel_status_json(void)
{
	json_t *j = json_object(), *a = json_array();
	struct ksys_patches ps;
	struct krunning run;
	char *id;

	krunning_read(&run);
	ksys_patches_read(&ps);
	id = run.build_id ? hex_encode(run.build_id, run.build_id_size) : NULL;
	for (size_t i = 0; i < ps.n; i++)
		json_array_append_new(a, status_patch_json(&ps.v[i]));
	json_object_set_new(j, "release", text_json(run.release));
	json_object_set_new(j, "build_id", text_json(id));
	json_object_set_new(j, "taint", json_integer((json_int_t)run.taint));
	json_object_set_new(j, "patches", a);
	free(id);
	ksys_patches_free(&ps);
	krunning_free(&run);
	return j;
}

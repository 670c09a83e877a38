// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/kernel.h"
#include "lib/process.h"
#include "lib/result.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "apply/ledger.h"
#include "proc/find.h"
#include "proc/status.h"

static json_t *func_json(const struct ledger_func *f)
{
	json_t *j = json_object();

	json_object_set_new(j, "name", text_json(f->name));
	json_object_set_new(j, "address", hex_json(f->addr));
	json_object_set_new(j, "new_address", hex_json(f->new_addr));
	json_object_set_new(j, "size_bytes", json_integer((json_int_t)f->size));
	json_object_set_new(j, "new_size_bytes", json_integer((json_int_t)f->new_size));
	json_object_set_new(j, "file", text_json(f->file));
	json_object_set_new(j, "line", f->file && f->line ? json_integer(f->line) : json_null());
	return j;
}

static json_t *object_json(const struct ledger *l)
{
	json_t *j = json_object(), *funcs = json_array();
	char *id = hex_encode(l->build_id, l->build_id_size);

	for (size_t i = 0; i < l->n_funcs; i++)
		json_array_append_new(funcs, func_json(&l->funcs[i]));
	json_object_set_new(j, "name", text_json(l->object));
	json_object_set_new(j, "build_id", text_json(id));
	json_object_set_new(j, "image_address", hex_json(l->image_lo));
	json_object_set_new(j, "image_size_bytes",
			    json_integer((json_int_t)(l->image_hi - l->image_lo)));
	json_object_set_new(j, "text_address", hex_json(l->text_lo));
	json_object_set_new(j, "island_address",
			    l->island_hi > l->island_lo ? hex_json(l->island_lo) : json_null());
	json_object_set_new(j, "functions", funcs);
	free(id);
	return j;
}

static json_t *words_json(const char *words)
{
	struct strvec sv = {0};
	json_t *j;

	while (words && *words) {
		size_t n = strcspn(words, " ");

		if (n)
			strvec_pushf(&sv, "%.*s", (int)n, words);
		words += n + (words[n] == ' ');
	}
	j = strvec_json(&sv);
	strvec_free(&sv);
	return j;
}

static json_t *damaged_json(const struct ledger_group *g)
{
	json_t *j = json_object();

	json_object_set_new(j, "name", text_json(g->name));
	json_object_set_new(j, "state", text_json("damaged"));
	json_object_set_new(j, "damage", text_json(g->why));
	json_object_set_new(j, "objects", json_array());
	return j;
}

static json_t *group_json(struct ledger_group *g)
{
	const struct ledger_var *var;
	json_t *j, *objects;
	char *digest;

	if (g->damaged || !g->n)
		return damaged_json(g);
	var = ledger_group_var(g);
	j = json_object();
	objects = json_array();
	digest = hex_encode(g->v[0].digest, sizeof(g->v[0].digest));
	for (size_t i = 0; i < g->n; i++)
		json_array_append_new(objects, object_json(&g->v[i]));
	json_object_set_new(j, "name", text_json(g->v[0].patch));
	json_object_set_new(j, "version", text_json(g->v[0].version));
	json_object_set_new(j, "description", text_json(g->v[0].description));
	json_object_set_new(j, "cves", words_json(g->v[0].cves));
	json_object_set_new(j, "digest_sha256", text_json(digest));
	json_object_set_new(j, "state", text_json(ledger_state_name(var->state)));
	json_object_set_new(j, "damage", json_null());
	json_object_set_new(j, "order", json_integer((json_int_t)var->seq));
	json_object_set_new(j, "changed_at_s", json_integer((json_int_t)var->when));
	json_object_set_new(j, "changed_by", text_json(var->user));
	json_object_set_new(j, "changed_by_uid", json_integer(var->uid));
	json_object_set_new(j, "pause_us", json_integer((json_int_t)(var->pause_ns / 1000)));
	json_object_set_new(j, "attempts", json_integer(var->attempts));
	json_object_set_new(j, "objects", objects);
	free(digest);
	return j;
}

/*
 * One process, read while it runs. Where @always is not set, an unpatched process adds nothing.
 * -1: it could not be read.
 */
static int add_process(json_t *list, pid_t pid, bool always, struct sut_err *err)
{
	struct proc_maps maps = {0};
	struct proc_mem mem = {.fd = -1};
	struct ledgers ls = {0};
	int rc = -1;

	if (proc_maps_read(&maps, pid, err) || proc_mem_open(&mem, pid, false, err) ||
	    ledgers_read(&ls, &maps, &mem, err))
		goto out;
	rc = 0;
	if (ls.n || always) {
		json_t *j = json_object(), *patches = json_array();
		char comm[32];

		proc_comm(pid, comm, sizeof(comm));
		for (size_t i = 0; i < ls.n; i++)
			json_array_append_new(patches, group_json(&ls.v[i]));
		json_object_set_new(j, "pid", json_integer(pid));
		json_object_set_new(j, "comm", text_json(comm));
		json_object_set_new(j, "patches", patches);
		json_object_set_new(j, "unfinished_images",
				    json_integer((json_int_t)ls.n_leftover));
		json_array_append_new(list, j);
	}
out:
	ledgers_free(&ls);
	proc_mem_close(&mem);
	proc_maps_free(&maps);
	return rc;
}

static bool has_image(const struct proc_maps *maps)
{
	for (size_t i = 0; i < maps->n; i++)
		if (str_starts(maps->v[i].path, LEDGER_MAP_NAME))
			return true;
	return false;
}

/* All processes: those that vanish meanwhile or may not be read are no error, but are counted. */
static int add_all(struct sut_result *r, json_t *list, struct sut_err *err)
{
	DIR *d = opendir("/proc");
	json_int_t looked = 0, denied = 0;
	struct dirent *e;

	if (!d)
		return sut_fail(err, SUT_E_IO, "/proc", "it cannot be read");
	while ((e = readdir(d))) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		struct sut_err quiet = {0};
		struct proc_maps maps = {0};

		if (pid <= 0)
			continue;
		if (proc_maps_read(&maps, pid, &quiet))
			denied += sut_err_has(&quiet, SUT_P_PERMISSION);
		else
			looked++;
		if (has_image(&maps) && add_process(list, pid, false, &quiet))
			denied += sut_err_has(&quiet, SUT_P_PERMISSION);
		proc_maps_free(&maps);
		sut_err_free(&quiet);
	}
	closedir(d);
	json_object_set_new(r->doc, "looked_at", json_integer(looked));
	json_object_set_new(r->doc, "not_readable", json_integer(denied));
	return 0;
}

struct sut_result *sut_status(const struct sut_target_opts *opts)
{
	struct sut_result *r = result_new("status");
	const pid_t *pids = opts && OPT_HAS(opts, pids) ? opts->pids : NULL;
	struct sut_err err = {0};
	json_t *list = json_array();
	size_t good = 0;

	if (!pids || !*pids) {
		add_all(r, list, &err);
	} else {
		for (; *pids; pids++)
			good += !process_usable(*pids, &err) && !add_process(list, *pids, true, &err);
		json_object_set_new(r->doc, "looked_at", json_integer((json_int_t)good));
		json_object_set_new(r->doc, "not_readable", json_integer((json_int_t)err.n));
	}
	json_object_set_new(r->doc, "processes", list);
	/* Who asks for some processes wants to see those. */
	json_object_set_new(r->doc, "kernel", opts && OPT_HAS(opts, pids) && opts->pids && *opts->pids ?
			    json_null() : kernel_status_json());
	return result_done(r, good && err.n ? SUT_OUTCOME_PARTIAL : SUT_OUTCOME_OK, &err);
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "apply/status.h"
#include "proc/find.h"
#include "proc/status.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char *dup_or_null(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

/* The live patch above @g that redirects the same entry, the lowest such. */
static const struct ledger_func *above(const struct ledgers *ls, size_t g, uint64_t entry,
				       const char **ret_name)
{
	for (size_t i = g + 1; i < ls->n; i++) {
		if (!ledger_group_live(&ls->v[i]))
			continue;
		for (size_t k = 0; k < ls->v[i].n; k++)
			for (size_t j = 0; j < ls->v[i].v[k].n_funcs; j++)
				if (ls->v[i].v[k].funcs[j].entry == entry) {
					*ret_name = ls->v[i].name;
					return &ls->v[i].v[k].funcs[j];
				}
	}
	return NULL;
}

static enum status_entry look(const struct proc_mem *mem, const struct ledgers *ls, size_t g,
			      const struct ledger_func *f, const char **ret_top)
{
	const struct ledger_func *top = above(ls, g, f->entry, ret_top);
	uint8_t now[TARGET_MAX_JUMP];

	/* What an upper patch saved is what would stand here without it. */
	if (top && top->jump_len == f->jump_len)
		memcpy(now, top->saved, f->jump_len);
	else if (proc_mem_try_read(mem, f->entry, now, f->jump_len) < 0)
		return STATUS_FOREIGN;
	if (!memcmp(now, f->direct, f->jump_len))
		return top ? STATUS_COVERED : STATUS_OURS;
	if (!memcmp(now, f->saved, f->jump_len))
		return STATUS_ORIGINAL;
	if (!memcmp(now, f->via_stub, f->jump_len))
		return STATUS_STUB;
	return STATUS_FOREIGN;
}

static bool fits(enum ledger_state state, enum status_entry e)
{
	switch (state) {
	case LEDGER_APPLIED:
		return e == STATUS_OURS || e == STATUS_COVERED;
	case LEDGER_SWITCHING:
	case LEDGER_REVERTING:
		return e != STATUS_FOREIGN;
	case LEDGER_PREPARED:
	case LEDGER_REVERTED:
		/* Nothing of ours; what stands there now may be another patch's. */
		return e != STATUS_OURS && e != STATUS_STUB;
	}
	return false;
}

static void add_patch(struct status_list *sl, const struct proc_info *pi, const struct ledgers *ls,
		      size_t g, const struct proc_mem *mem)
{
	const struct ledger_group *lg = &ls->v[g];
	struct status_patch *p = VEC_PUSH(sl->v, sl->n, sl->cap);
	const struct ledger_var *v;

	p->pid = pi->pid;
	snprintf(p->comm, sizeof(p->comm), "%s", pi->comm);
	p->name = xstrdup(lg->name);
	p->damaged = lg->damaged;
	snprintf(p->why, sizeof(p->why), "%s", lg->why);
	if (lg->damaged)
		return;
	v = &lg->v[0].var;
	p->version = dup_or_null(lg->v[0].version);
	p->description = dup_or_null(lg->v[0].description);
	p->cves = dup_or_null(lg->v[0].cves);
	memcpy(p->digest, lg->v[0].digest, sizeof(p->digest));
	p->state = (enum ledger_state)v->state;
	p->seq = v->seq;
	p->when = v->when;
	p->pause_ns = v->pause_ns;
	p->uid = v->uid;
	p->tool_pid = v->tool_pid;
	p->attempts = v->attempts;
	memcpy(p->user, v->user, sizeof(p->user));
	p->word = v->word;
	p->intact = true;
	for (size_t k = 0; k < lg->n; k++) {
		p->image_size += lg->v[k].image_hi - lg->v[k].image_lo;
		for (size_t j = 0; j < lg->v[k].n_funcs; j++) {
			const struct ledger_func *lf = &lg->v[k].funcs[j];
			struct status_func *f = VEC_PUSH(p->funcs, p->n_funcs, p->cap_funcs);
			const char *top = NULL;

			f->name = xstrdup(lf->name);
			f->object = xstrdup(lg->v[k].object);
			f->file = dup_or_null(lf->file);
			f->line = lf->line;
			f->addr = lf->addr;
			f->size = lf->size;
			f->new_addr = lf->new_addr;
			f->new_size = lf->new_size;
			f->entry = look(mem, ls, g, lf, &top);
			f->on_top = f->entry == STATUS_COVERED ? dup_or_null(top) : NULL;
			p->intact &= fits(p->state, f->entry);
		}
	}
}

int status_read(struct status_list *sl, pid_t pid, struct sut_err *err)
{
	struct proc_info pi = {0};
	struct proc_maps maps = {0};
	struct proc_mem mem = {.fd = -1};
	struct ledgers ls = {0};
	bool any = false;
	int r;

	r = proc_info_read(&pi, pid, err);
	if (!r)
		r = proc_maps_read(&maps, pid, err);
	for (size_t i = 0; i < maps.n && !r && !any; i++)
		any = str_starts(maps.v[i].path, LEDGER_MAP_NAME);
	if (!r && any)
		r = proc_mem_open(&mem, pid, false, err);
	if (!r && any)
		r = ledgers_read(&ls, &maps, &mem, err);
	for (size_t i = 0; i < ls.n && !r; i++)
		add_patch(sl, &pi, &ls, i, &mem);
	ledgers_free(&ls);
	if (mem.fd >= 0)
		proc_mem_close(&mem);
	proc_maps_free(&maps);
	proc_info_free(&pi);
	return r;
}

/* True where the process maps an image of ours: a text search, before anything is parsed. */
static bool quick_look(pid_t pid, bool *denied)
{
	char path[64];
	uint8_t *d;
	size_t n;
	bool found;

	snprintf(path, sizeof(path), "/proc/%d/maps", proc_live_thread(pid));
	if (read_file(path, &d, &n) < 0) {
		*denied = errno == EACCES || errno == EPERM;
		return false;
	}
	found = memmem(d, n, LEDGER_MAP_NAME, strlen(LEDGER_MAP_NAME)) != NULL;
	free(d);
	return found;
}

static int cmp_pid(const void *a, const void *b)
{
	const struct status_patch *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

int status_read_all(struct status_list *sl, struct sut_err *err)
{
	struct dirent *d;
	DIR *dir = opendir("/proc");

	if (!dir)
		return sut_fail(err, SUT_E_IO, "/proc", "cannot read it: %s", strerror(errno));
	while ((d = readdir(dir))) {
		struct sut_err one = {0};
		bool denied = false;

		if (!isdigit((unsigned char)d->d_name[0]))
			continue;
		/* A process that ends meanwhile is normal life. */
		if (quick_look(atoi(d->d_name), &denied) &&
		    status_read(sl, atoi(d->d_name), &one) < 0)
			denied = sut_err_has(&one, SUT_P_PERMISSION);
		sl->n_denied += denied;
		sut_err_free(&one);
	}
	closedir(dir);
	if (sl->n)
		qsort(sl->v, sl->n, sizeof(*sl->v), cmp_pid);
	return 0;
}

void status_free(struct status_list *sl)
{
	for (size_t i = 0; i < sl->n; i++) {
		struct status_patch *p = &sl->v[i];

		for (size_t k = 0; k < p->n_funcs; k++) {
			free(p->funcs[k].name);
			free(p->funcs[k].object);
			free(p->funcs[k].file);
			free(p->funcs[k].on_top);
		}
		free(p->funcs);
		free(p->name);
		free(p->version);
		free(p->description);
		free(p->cves);
	}
	free(sl->v);
	memset(sl, 0, sizeof(*sl));
}

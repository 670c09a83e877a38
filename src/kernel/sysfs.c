// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/sysfs.h"
#include "elf/note.h"

#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

static const struct {
	const char *dir, *core;
} bases[] = {{"/sys/kernel/livepatch", "livepatch"}, {"/sys/kernel/suture", "suture_core"}};

/* Content of a small file without its last line break; NULL: it cannot be read. */
static char *slurp(const char *fmt, ...) PRINTF(1, 2);
static char *slurp(const char *fmt, ...)
{
	uint8_t *data = NULL;
	va_list ap;
	char *path;
	size_t n;
	int r;

	va_start(ap, fmt);
	path = xvasprintf(fmt, ap);
	va_end(ap);
	r = read_file(path, &data, &n);
	free(path);
	if (r < 0)
		return NULL;
	while (n && data[n - 1] == '\n')
		data[--n] = 0;
	return (char *)data;
}

static bool is_one(const char *base, const char *module, const char *file)
{
	char *s = slurp("%s/%s/%s", base, module, file);
	bool one = s && !strcmp(s, "1");

	free(s);
	return one;
}

/*
 * The start of the patch's module is what enables it, and neither file says so until its functions have been
 * redirected: without a look at the module such a patch seems to be on its way back.
 */
static void look(size_t b, const char *module, bool *ret_enabled, bool *ret_transition)
{
	char *state = slurp("/sys/module/%s/initstate", module);
	bool coming = state && !strcmp(state, "coming");

	*ret_enabled = is_one(bases[b].dir, module, "enabled") || coming;
	*ret_transition = is_one(bases[b].dir, module, "transition") || coming;
	free(state);
}

static uint16_t machine_of(const char *name)
{
	static const struct {
		const char *name;
		uint16_t machine;
	} known[] = {{"x86_64", EM_X86_64}, {"aarch64", EM_AARCH64}, {"ppc64le", EM_PPC64}};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].name, name))
			return known[i].machine;
	return str_starts(name, "arm") ? EM_ARM : EM_NONE;
}

void krunning_read(struct krunning *k)
{
	struct utsname u;
	char *taint = slurp("/proc/sys/kernel/tainted");
	const uint8_t *id;
	uint8_t *notes;
	size_t n, len;

	memset(k, 0, sizeof(*k));
	uname(&u);
	k->release = xstrdup(u.release);
	k->machine = machine_of(u.machine);
	k->banner = slurp("/proc/version");
	k->taint = taint ? strtoul(taint, NULL, 10) : 0;
	free(taint);
	if (read_file("/sys/kernel/notes", &notes, &n) == 0) {
		id = note_build_id(notes, n, 4, &len);
		if (id) {
			k->build_id = xmemdup(id, len);
			k->build_id_size = len;
		}
		free(notes);
	}
	k->livepatch = file_exists(bases[0].dir);
	k->core = file_exists(bases[1].dir);
}

void krunning_free(struct krunning *k)
{
	free(k->release);
	free(k->banner);
	free(k->build_id);
}

bool ksys_module_loaded(const char *module)
{
	char *s = slurp("/sys/module/%s/initstate", module);
	bool loaded = s && strcmp(s, "going");

	free(s);
	return loaded;
}

bool ksys_module_id(const char *module, uint8_t **ret, size_t *ret_n, bool *ret_loaded)
{
	char *path = xasprintf("/sys/module/%s/notes/.note.gnu.build-id", module);
	const uint8_t *id = NULL;
	uint8_t *notes;
	size_t n;

	*ret_loaded = ksys_module_loaded(module);
	if (*ret_loaded && read_file(path, &notes, &n) == 0) {
		id = note_build_id(notes, n, 4, ret_n);
		if (id)
			*ret = xmemdup(id, *ret_n);
		free(notes);
	}
	free(path);
	return id != NULL;
}

/* ---- patches ---- */

static void read_funcs(struct ksys_patch *p, const char *dir)
{
	DIR *d = opendir(dir), *od;
	struct dirent *e, *f;

	while (d && (e = readdir(d))) {
		char *path = path_join(dir, e->d_name);

		od = e->d_name[0] != '.' ? opendir(path) : NULL;
		while (od && (f = readdir(od))) {
			char *comma = strrchr(f->d_name, ',');
			struct ksys_func *kf;

			if (!comma || f->d_name[0] == '.')
				continue;
			kf = VEC_PUSH(p->funcs, p->n_funcs, p->cap_funcs);
			kf->object = xstrdup(e->d_name);
			kf->name = xstrndup(f->d_name, (size_t)(comma - f->d_name));
			kf->sympos = (uint32_t)strtoul(comma + 1, NULL, 10);
		}
		if (od)
			closedir(od);
		free(path);
	}
	if (d)
		closedir(d);
}

static void read_module(struct ksys_patch *p)
{
	p->info = slurp("/sys/module/%s/parameters/suture", p->module);
	p->taint = slurp("/sys/module/%s/taint", p->module);
	p->state = slurp("/sys/module/%s/initstate", p->module);
}

static bool have(const struct ksys_patches *ps, const char *module)
{
	for (size_t i = 0; i < ps->n; i++)
		if (!strcmp(ps->v[i].module, module))
			return true;
	return false;
}

static void read_base(struct ksys_patches *ps, size_t b)
{
	DIR *d = opendir(bases[b].dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		struct ksys_patch *p;
		char *dir;

		if (e->d_name[0] == '.')
			continue;
		dir = path_join(bases[b].dir, e->d_name);
		p = VEC_PUSH(ps->v, ps->n, ps->cap);
		p->module = xstrdup(e->d_name);
		p->core = bases[b].core;
		look(b, e->d_name, &p->enabled, &p->transition);
		read_module(p);
		read_funcs(p, dir);
		free(dir);
	}
	if (d)
		closedir(d);
}

void ksys_patches_read(struct ksys_patches *ps)
{
	DIR *d = opendir("/sys/module");
	struct dirent *e;

	memset(ps, 0, sizeof(*ps));
	for (size_t b = 0; b < ARRAY_SIZE(bases); b++)
		read_base(ps, b);
	/* Modules of ours that the kernel counts as patches no more. */
	while (d && (e = readdir(d))) {
		char *path = xasprintf("/sys/module/%s/parameters/suture", e->d_name);

		if (str_starts(e->d_name, "suture_") && file_exists(path) && !have(ps, e->d_name)) {
			struct ksys_patch *p = VEC_PUSH(ps->v, ps->n, ps->cap);

			p->module = xstrdup(e->d_name);
			p->core = "";
			p->off = true;
			read_module(p);
		}
		free(path);
	}
	if (d)
		closedir(d);
}

void ksys_patches_free(struct ksys_patches *ps)
{
	for (size_t i = 0; i < ps->n; i++) {
		struct ksys_patch *p = &ps->v[i];

		for (size_t k = 0; k < p->n_funcs; k++) {
			free(p->funcs[k].object);
			free(p->funcs[k].name);
		}
		free(p->funcs);
		free(p->module);
		free(p->info);
		free(p->taint);
		free(p->state);
	}
	free(ps->v);
	memset(ps, 0, sizeof(*ps));
}

bool ksys_patch_look(const char *module, bool *ret_enabled, bool *ret_transition)
{
	for (size_t b = 0; b < ARRAY_SIZE(bases); b++) {
		char *path = xasprintf("%s/%s/enabled", bases[b].dir, module);
		bool there = file_exists(path);

		free(path);
		if (!there)
			continue;
		look(b, module, ret_enabled, ret_transition);
		return true;
	}
	return false;
}

int ksys_patch_enable(const char *module, bool on)
{
	int r = -1;

	errno = ENOENT;
	for (size_t b = 0; b < ARRAY_SIZE(bases); b++) {
		char *path = xasprintf("%s/%s/enabled", bases[b].dir, module);
		int fd = open(path, O_WRONLY | O_CLOEXEC);

		free(path);
		if (fd < 0)
			continue;
		r = write(fd, on ? "1" : "0", 1) == 1 ? 0 : -1;
		close(fd);
		break;
	}
	return r;
}

/* ---- tasks ---- */

/* "[<0>] seq_read_iter+0x11b/0x410" as /proc has it. */
static void read_stack(struct ksys_task *t, const struct ksys_patch *p)
{
	char *text = slurp("/proc/%d/task/%d/stack", t->pid, t->tid), *save = NULL;

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		char *name = strstr(line, "] "), *end;

		name = name ? name + 2 : line;
		strvec_push(&t->stack, name);
		end = name + strcspn(name, "+ ");
		for (size_t i = 0; !t->func && i < p->n_funcs; i++)
			if (strlen(p->funcs[i].name) == (size_t)(end - name) &&
			    !strncmp(p->funcs[i].name, name, (size_t)(end - name)))
				t->func = xstrdup(p->funcs[i].name);
	}
	free(text);
}

static void add_task(const struct ksys_patch *p, struct ksys_tasks *ret, pid_t pid, pid_t tid)
{
	struct ksys_task *t = VEC_PUSH(ret->v, ret->n, ret->cap);
	char *comm = slurp("/proc/%d/task/%d/comm", pid, tid);

	t->pid = pid;
	t->tid = tid;
	snprintf(t->comm, sizeof(t->comm), "%s", comm ? comm : "?");
	free(comm);
	read_stack(t, p);
}

/* Each task shows which side it is on, and -1 where no transition is under way. */
static void read_livepatch_tasks(const struct ksys_patch *p, struct ksys_tasks *ret)
{
	const char *waiting = p->enabled ? "0" : "1";
	DIR *d = opendir("/proc"), *td;
	struct dirent *e, *f;

	while (d && (e = readdir(d))) {
		pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);
		char path[64];

		if (pid <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%d/task", pid);
		td = opendir(path);
		while (td && (f = readdir(td))) {
			pid_t tid = (pid_t)strtol(f->d_name, NULL, 10);
			char *s = tid > 0 ? slurp("/proc/%d/task/%d/patch_state", pid, tid) : NULL;

			if (s && !strcmp(s, waiting))
				add_task(p, ret, pid, tid);
			free(s);
		}
		if (td)
			closedir(td);
	}
	if (d)
		closedir(d);
}

/* The process that a thread belongs to. */
static pid_t process_of(pid_t tid)
{
	char *text = slurp("/proc/%d/status", tid), *line = text ? strstr(text, "\nTgid:") : NULL;
	pid_t pid = line ? (pid_t)strtol(line + 6, NULL, 10) : tid;

	free(text);
	return pid;
}

/*
 * "PID FUNCTION+0xOFFSET/0xSIZE", a line for each frame: what the core saw. Kernels for several processors show none
 * in /proc on arm.
 */
static void take_core_stack(struct ksys_task *t, const char *stacks)
{
	for (const char *l = stacks; l && *l; l = (l = strchr(l, '\n')) ? l + 1 : NULL) {
		char *end;

		if (strtol(l, &end, 10) == t->tid && t->tid > 0 && *end == ' ')
			strvec_pushf(&t->stack, "%.*s", (int)strcspn(end + 1, "\n"), end + 1);
	}
}

/* "PID COMM FUNCTION+0xOFFSET", a line for each task. Those without a number are none, and have no stack. */
static void read_core_tasks(const struct ksys_patch *p, struct ksys_tasks *ret)
{
	char *text = slurp("/sys/kernel/suture/%s/blockers", p->module), *save = NULL;
	char *stacks = slurp("/sys/kernel/suture/%s/stacks", p->module);

	for (char *line = text ? strtok_r(text, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		char *comm = strchr(line, ' '), *func = strrchr(line, ' ');
		struct ksys_task *t;

		if (!comm || func == comm)
			continue;
		t = VEC_PUSH(ret->v, ret->n, ret->cap);
		t->tid = (pid_t)strtol(line, NULL, 10);
		t->pid = t->tid > 0 ? process_of(t->tid) : 0;
		snprintf(t->comm, sizeof(t->comm), "%.*s", (int)(func - comm - 1), comm + 1);
		t->func = xstrndup(func + 1, strcspn(func + 1, "+"));
		if (t->tid > 0)
			read_stack(t, p);
		if (!t->stack.n)
			take_core_stack(t, stacks);
		if (!t->stack.n)
			strvec_push(&t->stack, func + 1);
	}
	free(stacks);
	free(text);
}

void ksys_tasks_read(const struct ksys_patch *p, struct ksys_tasks *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (!strcmp(p->core, "livepatch"))
		read_livepatch_tasks(p, ret);
	else
		read_core_tasks(p, ret);
}

void ksys_tasks_free(struct ksys_tasks *t)
{
	for (size_t i = 0; i < t->n; i++) {
		free(t->v[i].func);
		strvec_free(&t->v[i].stack);
	}
	free(t->v);
	memset(t, 0, sizeof(*t));
}

/* ---- symbols ---- */

static void match_symbol(struct ksys_lookup *v, size_t n, const char *object, const char *name, uint64_t addr)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].name, name) || strcmp(v[i].object, object))
			continue;
		v[i].n++;
		if (!v[i].pos || v[i].n == v[i].pos) {
			v[i].addr = addr;
			v[i].found = true;
		}
	}
}

int ksys_symbols(struct ksys_lookup *v, size_t n)
{
	FILE *f = fopen("/proc/kallsyms", "re");
	bool nonzero = false;
	char line[1024];
	uint64_t text = 0, stext = 0;

	while (f && fgets(line, sizeof(line), f)) {
		char *end, *sym, *mod;
		uint64_t addr = strtoull(line, &end, 16);

		line[strcspn(line, "\n")] = '\0';
		if (strlen(end) < 4)
			continue;
		sym = end + 3;
		mod = strchr(sym, '\t');
		if (mod) {
			*mod = '\0';
			mod += 2;
			mod[strcspn(mod, "]")] = '\0';
		}
		nonzero |= addr != 0;
		if (!mod && !strcmp(sym, "_text"))
			text = addr;
		if (!mod && !strcmp(sym, "_stext"))
			stext = addr;
		match_symbol(v, n, mod ? mod : "vmlinux", sym, addr);
	}
	if (f)
		fclose(f);
	for (size_t i = 0; i < n; i++) {
		if (!strcmp(v[i].object, "vmlinux"))
			v[i].addr -= text ? text : stext;
		v[i].found &= v[i].pos || v[i].n == 1;
	}
	return f && nonzero ? 0 : -1;
}

/* ---- its log ---- */

int ksys_log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		lseek(fd, 0, SEEK_END);
	return fd;
}

char *ksys_log_read(int fd)
{
	enum { KEPT = 6 };
	struct strvec lines = {0};
	char *out = NULL;
	char rec[2048];
	ssize_t n;

	if (fd < 0)
		return NULL;
	while ((n = read(fd, rec, sizeof(rec) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		char *text;

		if (n < 0)
			continue;
		rec[n] = '\0';
		text = strchr(rec, ';');
		if (!text)
			continue;
		text[strcspn(text, "\n")] = '\0';
		strvec_push(&lines, text + 1);
	}
	for (size_t i = lines.n > KEPT ? lines.n - KEPT : 0; i < lines.n; i++) {
		char *more = out ? xasprintf("%s; %s", out, lines.v[i]) : xstrdup(lines.v[i]);

		free(out);
		out = more;
	}
	strvec_free(&lines);
	return out;
}

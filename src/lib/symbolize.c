// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/symbolize.h"
#include "proc/status.h"

#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One Dwfl for each object: files are opened when an address inside is first asked for. */
struct sym_module {
	uint64_t lo, hi, bias;
	char *path;
	uint8_t *build_id;
	size_t build_id_size;
	bool is_exe, opened;
	Dwfl *dwfl;		/* NULL: no file that could be used */
	Dwfl_Module *mod;
};

struct symbolizer {
	pid_t pid;
	struct sym_module *v;
	size_t n;
};

static char debug_path[] = ":.debug:/usr/lib/debug";
static char *debug_path_p = debug_path;

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
	.debuginfo_path = &debug_path_p,
};

struct symbolizer *symbolizer_new(const struct proc_modules *ms)
{
	struct symbolizer *s = xcalloc(1, sizeof(*s));

	s->pid = proc_live_thread(ms->pid);
	s->v = xcalloc(ms->n + 1, sizeof(*s->v));
	s->n = ms->n;
	for (size_t i = 0; i < ms->n; i++) {
		const struct proc_module *m = &ms->v[i];

		s->v[i] = (struct sym_module){
			.lo = m->lo,
			.hi = m->hi,
			.bias = m->bias,
			.path = xstrdup(m->path),
			.build_id = m->build_id ? xmemdup(m->build_id, m->build_id_size) : NULL,
			.build_id_size = m->build_id_size,
			.is_exe = m->is_exe,
		};
	}
	return s;
}

static bool is_same_build(const struct sym_module *m)
{
	const unsigned char *id;
	GElf_Addr at, bias;
	int n = dwfl_module_getelf(m->mod, &bias) ? dwfl_module_build_id(m->mod, &id, &at) : -1;

	return n > 0 && (size_t)n == m->build_id_size && !memcmp(id, m->build_id, (size_t)n);
}

static void open_module(const struct symbolizer *s, struct sym_module *m)
{
	char *path;
	int fd;

	m->opened = true;
	if (m->path[0] != '/' || !m->build_id)
		return;
	/* /proc/PID/exe also leads to an executable that was deleted or replaced. */
	path = m->is_exe ? xasprintf("/proc/%d/exe", s->pid)
			 : xasprintf("/proc/%d/root%s", s->pid, m->path);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0)
		m->dwfl = dwfl_begin(&callbacks);
	if (m->dwfl) {
		dwfl_report_begin(m->dwfl);
		m->mod = dwfl_report_elf(m->dwfl, path_base(m->path), path, fd, m->bias, true);
		dwfl_report_end(m->dwfl, NULL, NULL);
	}
	if (fd >= 0 && !m->mod)
		close(fd); /* otherwise libdwfl took it over */
	if (m->dwfl && (!m->mod || !is_same_build(m))) {
		dwfl_end(m->dwfl);
		m->dwfl = NULL;
	}
	free(path);
}

void symbolize(struct symbolizer *s, uint64_t pc, struct symbol_text *ret)
{
	struct sym_module *m = NULL;
	const char *name, *file;
	Dwfl_Line *line;
	GElf_Sym sym;
	GElf_Off off = 0;

	memset(ret, 0, sizeof(*ret));
	for (size_t i = 0; i < s->n; i++)
		if (pc >= s->v[i].lo && pc < s->v[i].hi)
			m = &s->v[i];
	if (!m)
		return;
	if (!m->opened)
		open_module(s, m);
	if (!m->dwfl)
		return;
	name = dwfl_module_addrinfo(m->mod, pc, &off, &sym, NULL, NULL, NULL);
	/* The nearest symbol below says nothing in a stripped file unless its size covers pc. */
	if (name && sym.st_size && off < sym.st_size) {
		ret->symbol = xstrndup(name, strcspn(name, "@")); /* without its version */
		ret->offset = off;
	}
	line = dwfl_module_getsrc(m->mod, pc);
	file = line ? dwfl_lineinfo(line, NULL, &ret->line, NULL, NULL, NULL) : NULL;
	if (file)
		ret->file = xstrdup(file);
}

void symbol_text_free(struct symbol_text *t)
{
	free(t->symbol);
	free(t->file);
	memset(t, 0, sizeof(*t));
}

void symbolizer_free(struct symbolizer *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		if (s->v[i].dwfl)
			dwfl_end(s->v[i].dwfl);
		free(s->v[i].path);
		free(s->v[i].build_id);
	}
	free(s->v);
	free(s);
}

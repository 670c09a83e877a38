// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Code that was compiled without unwind tables (32-bit ARM's, mostly) is described in debug
 * information all the same, in .debug_frame. No process has that in its memory. It is in the file
 * that was linked, or in a debug file that was split off:
 *
 *	the object itself
 *	/usr/lib/debug/.build-id/ab/cdef...debug
 *	NAME, .debug/NAME and /usr/lib/debug/DIR/NAME, where .gnu_debuglink of the object names NAME
 *
 * each of the last two as the process sees files, and then as we do (a container without debug files).
 * These are the places of gdb(1).
 *
 * A file counts when its build-id is that of the object in memory, and its executable segments lie
 * where those do. An object without a build-id has none. Whoever can put a wrong file in one of those
 * places is root, or the owner of the process's files, who can as well put what he likes into the
 * .eh_frame that the process has mapped.
 *
 * GCC writes a row for each instruction. Others (LLVM on arm, arm64 and ppc64le) leave out the end of
 * functions, where registers are restored, so that a thread that was interrupted there would be walked
 * past its caller. Code that is not all GCC's is described for calls only.
 */
#include "proc/debugframe.h"
#include "elf/debugfile.h"
#include "proc/native/native.h"
#include "proc/status.h"
#include "unwind/debug_frame.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEBUG_DIR "/usr/lib/debug"

struct search {
	const struct proc_modules *ms;
	const struct proc_module *m;
	struct debugfile_want want;
	char *root;		/* the process's root folder as we can name it */
};

/* Takes @path (malloc'ed). True where it is the right file; what it has is in @ret. */
static bool look(const struct search *s, char *path, struct debugfile *ret)
{
	/* Whatever it is: opening must not wait, nor make it our terminal. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	bool same = false;

	free(path);
	memset(ret, 0, sizeof(*ret));
	if (fd < 0)
		return false;
	if (!fstat(fd, &st) && S_ISREG(st.st_mode))
		same = debugfile_read(fd, &s->want, ret);
	close(fd);
	if (!same)
		debugfile_free(ret);
	return same;
}

/* As look(), but for a file that has the frames. */
static bool take(const struct search *s, char *path, struct debugfile *ret)
{
	if (!look(s, path, ret))
		return false;
	if (ret->frame)
		return true;
	debugfile_free(ret);
	return false;
}

static bool by_build_id(const struct search *s, struct debugfile *ret)
{
	char *hex = hex_encode(s->want.build_id, s->want.build_id_size);
	const char *roots[] = {s->root, ""};
	bool found = false;

	for (size_t i = 0; i < ARRAY_SIZE(roots) && !found && strlen(hex) > 2; i++)
		found = take(s, xasprintf("%s" DEBUG_DIR "/.build-id/%.2s/%s.debug", roots[i], hex, hex + 2),
			     ret);
	free(hex);
	return found;
}

static bool by_link(const struct search *s, const char *name, struct debugfile *ret)
{
	char *dir = xstrdup(s->m->path), *slash = strrchr(dir, '/');
	const char *roots[] = {s->root, ""};
	bool found = false;

	if (slash)
		*slash = '\0';
	for (size_t i = 0; i < ARRAY_SIZE(roots) && slash && !found; i++) {
		found = take(s, xasprintf("%s%s/%s", roots[i], dir, name), ret) ||
			take(s, xasprintf("%s%s/.debug/%s", roots[i], dir, name), ret) ||
			take(s, xasprintf("%s" DEBUG_DIR "%s/%s", roots[i], dir, name), ret);
	}
	free(dir);
	return found;
}

static bool find(const struct search *s, struct debugfile *ret)
{
	struct debugfile own = {0};
	bool found;

	/* The link leads to the file that runs, also where its name is gone. */
	if (s->m->is_exe)
		look(s, xasprintf("/proc/%d/exe", proc_live_thread(s->ms->pid)), &own);
	else if (!look(s, xasprintf("%s%s", s->root, s->m->path), &own))
		look(s, xstrdup(s->m->path), &own);
	if (own.frame) {
		*ret = own;
		return true;
	}
	found = by_build_id(s, ret) ||
		(own.link && *own.link && !strchr(own.link, '/') && by_link(s, own.link, ret));
	debugfile_free(&own);
	return found;
}

void proc_debug_frame_load(const struct proc_modules *ms, const struct proc_module *m,
			   struct unw_module *u)
{
	struct search s = {
		.ms = ms, .m = m,
		.want = {
			.machine = m->machine, .elf_class = m->elf_class, .build_id = m->build_id,
			.build_id_size = m->build_id_size, .phdrs = m->phdrs, .n_phdrs = m->n_phdrs,
		},
	};
	struct unw_range *code;
	struct debugfile d;
	size_t n = 0;

	if (!m->build_id || m->path[0] != '/')
		return;
	s.root = xasprintf("/proc/%d/root", proc_live_thread(ms->pid));
	if (find(&s, &d)) {
		code = xcalloc(m->n_phdrs, sizeof(*code));
		for (size_t i = 0; i < m->n_phdrs; i++) {
			const Elf64_Phdr *ph = &m->phdrs[i];

			if (ph->p_type == PT_LOAD && (ph->p_flags & PF_X))
				code[n++] = (struct unw_range){ph->p_vaddr, ph->p_vaddr + ph->p_memsz};
		}
		u->debug_frame = debug_frame_new(d.frame, d.frame_size, native_unw_arch, code, n,
						 !d.only_gcc);
		d.frame = NULL;
		debugfile_free(&d);
		free(code);
	}
	free(s.root);
}

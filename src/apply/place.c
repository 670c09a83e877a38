// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each image is a memfd made by the target, filled by us through /proc/PID/fd while the target's
 * threads are stopped, sealed, and then mapped by the target piece by piece. The file holds all of
 * the content before the first piece is mapped, so a piece is right from the first moment. The
 * ledger's piece comes last: an image without it was never completed, is used by nothing, and is
 * removed by the next tool that comes along, as is a descriptor that a dead tool left open.
 */
#include "apply/place.h"
#include "proc/remote.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3 */
#endif
#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#define MAX_TRIES 3

static int cmp_map(const void *a, const void *b)
{
	const struct proc_map *x = a, *y = b;

	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Keeps the second image of a patch off the place that was found for the first. */
static void reserve(struct proc_maps *m, uint64_t lo, uint64_t size)
{
	struct proc_map *r = VEC_PUSH(m->v, m->n, m->cap);

	r->lo = lo;
	r->hi = lo + size;
	r->path = xstrdup("");
	qsort(m->v, m->n, sizeof(*m->v), cmp_map);
}

static int find_room(struct plan *pl, struct session *s, struct sut_err *err)
{
	struct proc_maps maps = {0};
	uint64_t word = 0;
	int r = proc_maps_read(&maps, s->pid, err);

	for (size_t i = 0; i < pl->n && !r; i++) {
		struct plan_object *po = &pl->v[i];
		struct image_env env = {.values = po->values, .below = po->below, .word_addr = word};

		r = proc_maps_gap(&maps, po->lo, po->hi, po->im.size, po->im.t->jump_reach,
				  po->im.t->page_size, &env.base, err);
		if (r < 0)
			break;
		reserve(&maps, env.base, po->im.size);
		r = image_build(&po->im, &env, err);
		word = pl->v[0].im.ledger.word_addr;
	}
	proc_maps_free(&maps);
	return r < 0 ? -1 : 0;
}

/* A remote call whose failure is the environment's: *@ret or a reason. */
static int call(struct session *s, struct remote *r, const char *what, long nr,
		const uint64_t args[6], long *ret, struct sut_err *err)
{
	apply_step(s, what);
	if (remote_syscall(r, nr, args, ret, err) < 0)
		return -1;
	if (*ret < 0 && *ret >= -4095)
		return sut_fail(err, SUT_P_PLACE, what, "the target's kernel answers: %s",
				strerror((int)-*ret));
	return 0;
}

static int fill(struct session *s, struct plan_object *po, long fd, struct sut_err *err)
{
	char path[64];
	int own, r = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd/%ld", (int)s->pid, fd);
	own = open(path, O_RDWR | O_CLOEXEC);
	if (own < 0)
		return sut_fail(err, SUT_P_PLACE, path, "cannot open the image: %s", strerror(errno));
	apply_step(s, "fill image");
	if (write_all(own, po->im.file.p, po->im.file.n) < 0)
		r = sut_fail(err, SUT_P_PLACE, path, "cannot write the image: %s", strerror(errno));
	else if (fcntl(own, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		r = sut_fail(err, SUT_P_PLACE, path, "cannot seal the image: %s", strerror(errno));
	close(own);
	return r;
}

static int map_image(struct session *s, struct remote *r, struct plan_object *po, const char *name,
		     struct sut_err *err)
{
	uint64_t addr, args[6] = {0};
	char *mfd = xasprintf("suture:%s", name);
	long fd, got, ret;
	int res;

	remote_scratch_reset(r);
	res = remote_write_string(r, mfd, &addr, err);
	free(mfd);
	if (res < 0)
		return -1;
	args[0] = addr;
	args[1] = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC;
	apply_step(s, "memfd_create");
	if (remote_syscall(r, SYS_memfd_create, args, &fd, err) < 0)
		return -1;
	if (fd == -EINVAL) { /* before Linux 6.3 there was no MFD_EXEC, and no need of it */
		args[1] &= ~(uint64_t)MFD_EXEC;
		if (call(s, r, "memfd_create", SYS_memfd_create, args, &fd, err) < 0)
			return -1;
	} else if (fd < 0) {
		return sut_fail(err, SUT_P_PLACE, "memfd_create", "the target's kernel answers: %s",
				strerror((int)-fd));
	}
	res = fill(s, po, fd, err);
	for (int i = 0; i < IMAGE_N_SEGS && !res; i++) {
		const struct image_seg *g = &po->im.seg[i];
		uint64_t m[6] = {po->im.base + g->off, g->size,
				 (g->perms & PROC_R ? PROT_READ : 0) |
					 (g->perms & PROC_W ? PROT_WRITE : 0) |
					 (g->perms & PROC_X ? PROT_EXEC : 0),
				 MAP_PRIVATE | MAP_FIXED_NOREPLACE, (uint64_t)fd, g->off};

		if (!g->size)
			continue;
		res = call(s, r, "mmap", SYS_mmap, m, &got, err);
		/* Kernels before 4.17 take the address for a hint. */
		if (!res && (uint64_t)got != m[0]) {
			uint64_t u[6] = {(uint64_t)got, g->size};

			res = sut_fail(err, SUT_P_PLACE, "mmap", "the range was taken meanwhile");
			remote_syscall(r, SYS_munmap, u, &ret, err);
		}
		if (!res)
			po->m = NULL; /* something of it is mapped: see unmap_all() */
	}
	args[0] = (uint64_t)fd;
	args[1] = 0;
	apply_step(s, "close");
	if (remote_syscall(r, SYS_close, args, &ret, err) < 0)
		return -1;
	return res;
}

static void unmap(struct session *s, struct remote *r, uint64_t lo, uint64_t size)
{
	uint64_t args[6] = {lo, size};
	struct sut_err unused = {0};
	long ret;

	apply_step(s, "munmap");
	remote_syscall(r, SYS_munmap, args, &ret, &unused);
	sut_err_free(&unused);
}

/* Piece by piece as they were mapped: never a range that may be somebody else's. */
static void unmap_all(struct plan *pl, struct session *s, struct remote *r)
{
	struct proc_maps maps = {0};
	struct sut_err unused = {0};

	if (proc_maps_read(&maps, s->pid, &unused) == 0)
		for (size_t i = 0; i < pl->n; i++)
			for (size_t k = 0; k < maps.n; k++) {
				const struct proc_map *m = &maps.v[k];

				if (!pl->v[i].m && m->lo >= pl->v[i].im.base &&
				    m->hi <= pl->v[i].im.base + pl->v[i].im.size &&
				    str_starts(m->path, LEDGER_MAP_NAME))
					unmap(s, r, m->lo, m->hi - m->lo);
			}
	proc_maps_free(&maps);
	sut_err_free(&unused);
}

static void clean_leftovers(struct session *s, struct remote *r)
{
	char path[64], link[256];
	struct sut_err unused = {0};
	struct dirent *d;
	DIR *dir;
	long ret;

	for (size_t i = 0; i < s->ls.n_leftover; i++)
		unmap(s, r, s->ls.leftover[i].addr, s->ls.leftover[i].size);
	snprintf(path, sizeof(path), "/proc/%d/fd", (int)s->pid);
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		ssize_t n = readlinkat(dirfd(dir), d->d_name, link, sizeof(link) - 1);
		uint64_t args[6] = {(uint64_t)atoi(d->d_name)};

		if (n <= 0)
			continue;
		link[n] = '\0';
		if (str_starts(link, LEDGER_MAP_NAME))
			remote_syscall(r, SYS_close, args, &ret, &unused);
	}
	if (dir)
		closedir(dir);
	sut_err_free(&unused);
}

static int place_stopped(struct plan *pl, struct session *s, struct sut_err *err)
{
	struct remote r = {0};
	int res = 0;

	if (remote_begin(&r, &s->ts, &s->ms, err) < 0) {
		remote_end(&r, err);
		return -1;
	}
	clean_leftovers(s, &r);
	for (size_t i = 0; i < pl->n && !res; i++)
		res = map_image(s, &r, &pl->v[i], pl->p->name, err);
	if (res < 0)
		unmap_all(pl, s, &r);
	if (remote_end(&r, err) < 0)
		res = -1;
	return res;
}

int place_images(struct plan *pl, struct session *s, struct sut_err *err)
{
	uint64_t end = now_ns() + s->opts.timeout_ns;

	if (session_attach(s, err) < 0)
		return -1;
	for (int tries = 1;; tries++) {
		struct sut_err e = {0};
		struct timespec nap = {0, 5000000};
		int r;

		if (find_room(pl, s, err) < 0)
			return -1;
		if (s->opts.cancel && *s->opts.cancel)
			return sut_fail(err, SUT_E_INTERRUPTED, "place", "asked to stop");
		r = threads_stop(&s->ts, s->opts.max_pause_ns, &e);
		if (r == 1)
			sut_fail(&e, SUT_P_NOT_STOPPED, s->info.comm, "thread %d: %s",
				 (int)s->ts.late_tid, s->ts.late_why);
		else if (r == 0)
			r = place_stopped(pl, s, &e);
		threads_resume(&s->ts);
		s->res->place_pause_ns = s->ts.pause_ns;
		if (!r) {
			sut_err_free(&e);
			return 0;
		}
		/* What passes by itself: a thread in vfork, no thread fit for a call, a range that was
		 * taken between looking and mapping. */
		if (now_ns() > end || !(sut_err_has(&e, SUT_P_NOT_STOPPED) ||
					sut_err_has(&e, SUT_P_REMOTE_NO_THREAD) ||
					(sut_err_has(&e, SUT_P_PLACE) && tries < MAX_TRIES))) {
			sut_err_move(err, &e);
			return -1;
		}
		sut_err_free(&e);
		nanosleep(&nap, NULL);
	}
}

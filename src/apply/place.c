// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each image is a memfd made by the target in one borrowed thread, filled by us, sealed, and then
 * mapped by the target piece by piece. The other threads run meanwhile, so nothing is taken for
 * granted: the range must be free at the very moment (MAP_FIXED_NOREPLACE), the descriptor must
 * still be the image when it is filled, and what was mapped must be that file. The file holds all of
 * the content before the first piece is mapped, so a piece is right from the first moment. The
 * ledger's piece comes last: an image without it was never completed, is used by nothing, and is
 * removed by the next tool that comes along, as is a descriptor that a dead tool left open. Where there is
 * an island (island.c), it is the first piece.
 */
#include "apply/place.h"
#include "apply/stale.h"
#include "proc/remote.h"
#include "proc/status.h"

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

/* What a dead tool left is unmapped before anything is mapped: room like any other, and where there is little
 * it may be all that there is. */
static void ignore_leftovers(struct proc_maps *m, const struct ledgers *ls)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->n; i++) {
		bool left = false;

		for (size_t k = 0; k < ls->n_leftover && str_starts(m->v[i].path, LEDGER_MAP_NAME); k++)
			left |= m->v[i].lo >= ls->leftover[k].addr &&
				m->v[i].hi - ls->leftover[k].addr <= ls->leftover[k].size;
		if (left)
			free(m->v[i].path);
		else
			m->v[kept++] = m->v[i];
	}
	m->n = kept;
}

/* Keeps the second image of a patch off the place that was found for the first. */
static void reserve(struct proc_maps *m, uint64_t lo, uint64_t size)
{
	proc_maps_add(m, lo, lo + size);
	proc_maps_sort(m);
}

/*
 * Where branches between the object and the image begin and end in the object: entries, and what the
 * patch's code branches to. An object may be larger than a branch reaches.
 */
static void branch_range(const struct plan_object *po, uint64_t *lo, uint64_t *hi)
{
	const struct patch_object *o = po->o;

	*lo = po->hi;
	*hi = po->lo;
	for (size_t i = 0; i < o->n_funcs; i++) {
		*lo = MIN(*lo, po->bias + o->funcs[i].addr);
		*hi = MAX(*hi, po->bias + o->funcs[i].addr + o->funcs[i].entry + o->funcs[i].jump);
	}
	for (size_t i = 0; i < o->n_secs; i++)
		for (size_t k = 0; k < o->secs[i].n_rels; k++) {
			const struct patch_rel *r = &o->secs[i].rels[k];
			uint64_t to = po->values[r->sym];

			if (target_rel(po->im.t, r->type)->kind != REL_PLT || o->syms[r->sym].kind == PSYM_DEF ||
			    to < po->lo || to >= po->hi)
				continue;
			*lo = MIN(*lo, to);
			*hi = MAX(*hi, to + 1);
		}
}

/* As proc_maps_gap(): near all of the object, or, where its size leaves no such place, near the branches. */
static int near_gap(const struct proc_maps *maps, const struct plan_object *po, uint64_t size, uint64_t page,
		    uint64_t *ret, struct sut_err *err)
{
	uint64_t reach = po->im.t->jump_reach, lo, hi;
	struct sut_err all = {0};

	if (!proc_maps_gap(maps, po->lo, po->hi, size, reach, page, ret, &all))
		return 0;
	/* Data has to be reached as well, if by code that reaches farther than a branch. */
	branch_range(po, &lo, &hi);
	if (!po->im.t->far_reach || !sut_err_has(&all, SUT_P_NO_ROOM) || lo >= hi) {
		sut_err_move(err, &all);
		return -1;
	}
	sut_err_free(&all);
	return proc_maps_gap(maps, lo, hi, size, reach, page, ret, err);
}

/*
 * Near the object if there is a gap of the image's size; else the image anywhere that its data references
 * reach, and near the object an island. Holes are small where they are rare, so its pages are the system's
 * own and not the largest that there may be.
 */
static int find_gaps(struct proc_maps *maps, const struct plan_object *po, struct image_env *env,
		     struct sut_err *err)
{
	const struct target *t = po->im.t;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), room = ALIGN_UP(po->im.island_room, page);
	struct sut_err near = {0}, far = {0};
	int r = near_gap(maps, po, po->im.size, t->page_size, &env->base, &near);

	if (r < 0 && sut_err_has(&near, SUT_P_NO_ROOM) && room) {
		r = near_gap(maps, po, room, page, &env->island, &far);
		if (!r) {
			/* The two never touch: that is how their mappings are told apart. */
			reserve(maps, env->island - page, room + 2 * page);
			env->island_size = room;
			r = proc_maps_gap(maps, po->lo, po->hi, po->im.size, t->far_reach, t->page_size,
					  &env->base, &far);
		}
		if (r < 0) {
			sut_err_free(&near);
			sut_err_move(err, &far);
			return -1;
		}
	}
	sut_err_free(&far);
	if (r < 0)
		sut_err_move(err, &near);
	else
		sut_err_free(&near);
	return r;
}

static int find_room_but(struct plan *pl, struct session *s, bool stale, struct sut_err *err)
{
	struct proc_maps maps = {0};
	uint64_t word = 0;
	int r = proc_maps_read(&maps, s->pid, err);

	if (!r)
		ignore_leftovers(&maps, &s->ls);
	if (!r && !stale)
		stale_take(&maps, s->pid, &s->ms.mem);
	for (size_t i = 0; i < pl->n && !r; i++) {
		struct plan_object *po = &pl->v[i];
		struct image_env env = {.values = po->values, .below = po->below, .word_addr = word};

		r = find_gaps(&maps, po, &env, err);
		if (r < 0)
			break;
		reserve(&maps, env.base, po->im.size);
		r = image_build(&po->im, &env, err);
		word = pl->v[0].im.ledger.word_addr;
	}
	proc_maps_free(&maps);
	return r < 0 ? -1 : 0;
}

/* Where no stale word of a stack leads, if there is such a place. */
static int find_room(struct plan *pl, struct session *s, struct sut_err *err)
{
	struct sut_err unused = {0};
	int r = find_room_but(pl, s, false, &unused);

	sut_err_free(&unused);
	return r < 0 ? find_room_but(pl, s, true, err) : 0;
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

/*
 * Our own descriptor for the image. By number alone it would not do: the target's other threads
 * run, and one of them may have closed that number and opened a file of its own there.
 */
static int open_image(struct session *s, long fd, const char *name, struct sut_err *err)
{
	char path[64], link[256];
	pid_t live = proc_live_thread(s->pid);
	struct stat st;
	int pidfd = (int)syscall(SYS_pidfd_open, s->pid, 0), own = -1;
	ssize_t n;

	if (pidfd >= 0) {
		own = (int)syscall(SYS_pidfd_getfd, pidfd, (int)fd, 0);
		close(pidfd);
	}
	/* Before Linux 5.6, and where the main thread has exited, whose files are asked for there: the path
	 * alone first, so that nothing else is opened by mistake. */
	snprintf(path, sizeof(path), "/proc/%d/fd/%ld", live, fd);
	if (own < 0 && (errno == ENOSYS || live != s->pid)) {
		n = readlink(path, link, sizeof(link) - 1);
		if (n > 0 && !strncmp(link, LEDGER_MAP_NAME, strlen(LEDGER_MAP_NAME)))
			own = open(path, O_RDWR | O_CLOEXEC);
	}
	if (own < 0)
		return sut_fail(err, SUT_P_PLACE, path, "cannot open the image: %s", strerror(errno));
	fcntl(own, F_SETFD, FD_CLOEXEC);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", own);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	if (str_starts(link, LEDGER_MAP_NAME) &&
	    !strncmp(link + strlen(LEDGER_MAP_NAME), name, strlen(name)) && !fstat(own, &st) &&
	    !st.st_size)
		return own;
	close(own);
	return sut_fail(err, SUT_P_PLACE, name, "the target closed the image's descriptor");
}

static int fill(struct session *s, struct plan_object *po, int own, struct sut_err *err)
{
	apply_step(s, "fill image");
	if (write_all(own, po->im.file.p, po->im.file.n) < 0)
		return sut_fail(err, SUT_P_PLACE, po->o->name, "cannot write the image: %s",
				strerror(errno));
	if (fcntl(own, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
		return sut_fail(err, SUT_P_PLACE, po->o->name, "cannot seal the image: %s",
				strerror(errno));
	return 0;
}

/* The @i-th piece of an image in the order in which they are mapped: the island, the segments. False: it
 * has none, or there are no more. */
static bool piece(const struct image *im, int i, uint64_t *ret_addr, struct image_seg *ret)
{
	const struct ledger *l = &im->ledger;

	if (i) {
		*ret = im->seg[i - 1];
		*ret_addr = im->base + ret->off;
	} else {
		*ret = (struct image_seg){im->size, l->island_hi - l->island_lo, PROC_R | PROC_X};
		*ret_addr = l->island_lo;
	}
	return ret->size;
}
#define N_PIECES (1 + IMAGE_N_SEGS)

/* What was mapped is what we filled: the descriptor's number may have changed hands meanwhile. */
static int check_mapped(struct session *s, const struct plan_object *po, int own,
			struct sut_err *err)
{
	struct proc_maps maps = {0};
	struct stat st;
	int res = fstat(own, &st) ? sut_fail(err, SUT_P_PLACE, po->o->name, "cannot look at the image: %s",
					     strerror(errno)) :
				    proc_maps_read(&maps, s->pid, err);

	for (int i = 0; i < N_PIECES && !res; i++) {
		const struct proc_map *m;
		struct image_seg g;
		uint64_t at;

		if (!piece(&po->im, i, &at, &g))
			continue;
		m = proc_maps_find(&maps, at);
		if (!m || m->inode != st.st_ino || !str_starts(m->path, LEDGER_MAP_NAME) ||
		    m->offset + (at - m->lo) != g.off || m->hi < at + g.size)
			res = sut_fail(err, SUT_P_PLACE, po->o->name,
				       "another file was mapped in the image's place");
	}
	proc_maps_free(&maps);
	return res;
}

/* Closes @fd in the target if it still is the image. */
static int close_image(struct session *s, struct remote *r, long fd, struct sut_err *err)
{
	char path[64], link[256];
	uint64_t args[6] = {(uint64_t)fd};
	ssize_t n;
	long ret;

	snprintf(path, sizeof(path), "/proc/%d/fd/%ld", proc_live_thread(s->pid), fd);
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	apply_step(s, "close");
	return str_starts(link, LEDGER_MAP_NAME) ? remote_syscall(r, SYS_close, args, &ret, err) : 0;
}

static int create_image(struct session *s, struct remote *r, const char *name, long *fd,
			struct sut_err *err)
{
	uint64_t addr, args[6] = {0};
	char *mfd = xasprintf("suture:%s", name);
	int res;

	remote_scratch_reset(r);
	res = remote_write_string(r, mfd, &addr, err);
	free(mfd);
	if (res < 0)
		return -1;
	args[0] = addr;
	args[1] = MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC;
	apply_step(s, "memfd_create");
	if (remote_syscall(r, SYS_memfd_create, args, fd, err) < 0)
		return -1;
	if (*fd >= 0)
		return 0;
	if (*fd != -EINVAL)
		return sut_fail(err, SUT_P_PLACE, "memfd_create", "the target's kernel answers: %s",
				strerror((int)-*fd));
	/* Before Linux 6.3 there was no MFD_EXEC, and no need of it. */
	args[1] &= ~(uint64_t)MFD_EXEC;
	return call(s, r, "memfd_create", SYS_memfd_create, args, fd, err);
}

static int map_image(struct session *s, struct remote *r, struct plan_object *po, const char *name,
		     struct sut_err *err)
{
	long fd, got, ret;
	int own, res;

	if (create_image(s, r, name, &fd, err) < 0)
		return -1;
	own = open_image(s, fd, name, err);
	res = own < 0 ? -1 : fill(s, po, own, err);
	for (int i = 0; i < N_PIECES && !res; i++) {
		struct image_seg g;
		uint64_t m[6] = {0};

		if (!piece(&po->im, i, &m[0], &g))
			continue;
		m[1] = g.size;
		m[2] = (g.perms & PROC_R ? PROT_READ : 0) | (g.perms & PROC_W ? PROT_WRITE : 0) |
		       (g.perms & PROC_X ? PROT_EXEC : 0);
		m[3] = MAP_PRIVATE | MAP_FIXED_NOREPLACE;
		m[4] = (uint64_t)fd;
		m[5] = g.off / NATIVE_MMAP_UNIT;
		res = call(s, r, "mmap", NATIVE_MMAP, m, &got, err);
		/* Kernels before 4.17 take the address for a hint. A long is as wide as the target's pointers,
		 * and its high bit is no sign. */
		if (!res && (unsigned long)got != m[0]) {
			uint64_t u[6] = {(unsigned long)got, g.size};

			res = sut_fail(err, SUT_P_PLACE, "mmap", "the range was taken meanwhile");
			remote_syscall(r, SYS_munmap, u, &ret, err);
		}
		if (!res)
			po->m = NULL; /* something of it is mapped: see unmap_all() */
	}
	if (!res)
		res = check_mapped(s, po, own, err);
	if (own >= 0)
		close(own);
	if (close_image(s, r, fd, err) < 0)
		return -1;
	return res;
}

static bool unmap(struct session *s, struct remote *r, uint64_t lo, uint64_t size)
{
	uint64_t args[6] = {lo, size};
	struct sut_err unused = {0};
	bool good;
	long ret;

	apply_step(s, "munmap");
	good = !remote_syscall(r, SYS_munmap, args, &ret, &unused) && !ret;
	sut_err_free(&unused);
	return good;
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
				const struct ledger *l = &pl->v[i].im.ledger;

				if (!pl->v[i].m &&
				    ((m->lo >= l->image_lo && m->hi <= l->image_hi) ||
				     (m->lo >= l->island_lo && m->hi <= l->island_hi)) &&
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

	/* Once: the range is the target's own again from then on. */
	for (size_t i = s->ls.n_leftover; i-- > 0;)
		if (unmap(s, r, s->ls.leftover[i].addr, s->ls.leftover[i].size))
			s->ls.leftover[i] = s->ls.leftover[--s->ls.n_leftover];
	snprintf(path, sizeof(path), "/proc/%d/fd", proc_live_thread(s->pid));
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

static int place_all(void *ctx, struct session *s, struct remote *r, struct sut_err *err)
{
	struct plan *pl = ctx;
	int res = 0;

	clean_leftovers(s, r);
	for (size_t i = 0; i < pl->n && !res; i++)
		res = map_image(s, r, &pl->v[i], pl->p->name, err);
	if (res < 0)
		unmap_all(pl, s, r);
	return res;
}

/* A thread in vfork, none that is fit for a call, a range that was taken meanwhile. */
static bool passes_by_itself(const struct sut_err *e, int tries)
{
	return sut_err_has(e, SUT_P_NOT_STOPPED) || sut_err_has(e, SUT_P_REMOTE_NO_THREAD) ||
	       (sut_err_has(e, SUT_P_PLACE) && tries < MAX_TRIES);
}

int place_images(struct plan *pl, struct session *s, struct sut_err *err)
{
	uint64_t end = now_ns() + s->opts.timeout_ns;

	for (int tries = 1;; tries++) {
		struct sut_err e = {0};
		struct timespec nap = {0, 5000000};
		int r;

		if (find_room(pl, s, err) < 0)
			return -1;
		if (s->opts.cancel && *s->opts.cancel)
			return sut_fail(err, SUT_E_INTERRUPTED, "place", "asked to stop");
		r = session_remote(s, place_all, pl, &s->res->place_pause_ns, &e);
		if (!r) {
			sut_err_free(&e);
			return 0;
		}
		if (now_ns() > end || !passes_by_itself(&e, tries)) {
			sut_err_move(err, &e);
			return -1;
		}
		sut_err_free(&e);
		nanosleep(&nap, NULL);
	}
}

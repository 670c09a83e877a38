// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking for an object in all processes. Reading an ELF header from each mapping of each process
 * would be slow; a file has one build-id wherever it is mapped, so the answer is kept by (device,
 * inode). Deleted files keep theirs while mapped, so a replaced library is told from its successor.
 */
#include "proc/find.h"
#include "proc/module.h"
#include "proc/status.h"
#include "elf/note.h"
#include "elf/wire.h"
#include "proc/native/native.h"

#include <dirent.h>
#include <linux/kcmp.h>
#include <sys/syscall.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PHDRS_MAX = 64, NOTES_MAX = 65536 };

uint64_t proc_start_time(pid_t pid)
{
	char path[40], *p;
	uint8_t *data;
	size_t size;
	uint64_t v = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (read_file(path, &data, &size))
		return 0;
	/* The name in parentheses may hold anything; field 22 counts from behind its end. */
	p = strrchr((char *)data, ')');
	for (int i = 0; p && i < 20; i++) {
		p = strchr(p + 1, ' ');
		if (i == 19 && p)
			v = strtoull(p, NULL, 10);
	}
	free(data);
	return v;
}

static bool other_ns(pid_t pid, const char *ns)
{
	char path[48], self[48];
	struct stat a, b;

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", proc_live_thread(pid), ns);
	snprintf(self, sizeof(self), "/proc/self/ns/%s", ns);
	return !stat(path, &a) && !stat(self, &b) && (a.st_ino != b.st_ino || a.st_dev != b.st_dev);
}

static bool is_hex(const char *s, size_t n)
{
	return strspn(s, "0123456789abcdef") >= n;
}

/* The container engines put a container's id, 64 hex digits, into the name of its cgroup. */
static char *container_hint(pid_t pid)
{
	static const struct {
		const char *mark, *name;
	} engines[] = {
		{"docker", "docker"}, {"libpod", "podman"}, {"crio", "cri-o"},
		{"cri-containerd", "containerd"}, {"kubepods", "kubernetes"}, {"lxc", "lxc"},
	};
	char path[40], *hint = NULL, *id = NULL;
	uint8_t *data;
	size_t size;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	if (read_file(path, &data, &size))
		return NULL;
	for (char *p = (char *)data; *p && !id; p++)
		if (is_hex(p, 64))
			id = p;
	for (size_t i = 0; i < ARRAY_SIZE(engines) && !hint; i++)
		if (strstr((char *)data, engines[i].mark))
			hint = id ? xasprintf("%s %.12s", engines[i].name, id) :
				    xstrdup(engines[i].name);
	free(data);
	return hint;
}

int proc_info_read(struct proc_info *pi, pid_t pid, struct sut_err *err)
{
	struct proc_status st;
	char path[40], subject[32], link[4096];
	unsigned char eh[20];
	ssize_t n;
	int fd;

	memset(pi, 0, sizeof(*pi));
	snprintf(subject, sizeof(subject), "pid %d", pid);
	if (proc_status_read(&st, pid, pid))
		return sut_fail(err, SUT_P_GONE, subject, "there is no such process");
	pi->pid = pid;
	pi->ppid = st.ppid;
	pi->state = st.state;
	pi->uid = st.euid;
	pi->n_threads = st.n_threads;
	pi->tracer = st.tracer;
	pi->seccomp = st.seccomp;
	pi->no_new_privs = st.no_new_privs;
	pi->kthread = st.kthread;
	proc_comm(pid, pi->comm, sizeof(pi->comm));
	pi->start_time = proc_start_time(pid);
	pi->other_mnt_ns = other_ns(pid, "mnt");
	pi->other_pid_ns = other_ns(pid, "pid");
	pi->other_user_ns = other_ns(pid, "user");
	pi->other_net_ns = other_ns(pid, "net");
	pi->container = container_hint(pid);
	snprintf(path, sizeof(path), "/proc/%d/exe", proc_live_thread(pid));
	n = readlink(path, link, sizeof(link));
	if (n > 0)
		pi->exe = xstrndup(link, (size_t)n);
	/* This link leads to the file that runs, also where its name is gone. */
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (read(fd, eh, sizeof(eh)) == sizeof(eh) && !memcmp(eh, ELFMAG, SELFMAG)) {
			pi->elf_class = eh[EI_CLASS];
			pi->machine = (uint16_t)(eh[18] | eh[19] << 8);
		}
		close(fd);
	}
	return 0;
}

void proc_info_free(struct proc_info *pi)
{
	free(pi->exe);
	free(pi->container);
	memset(pi, 0, sizeof(*pi));
}

struct seen {
	uint64_t dev, inode;
	bool match;
};

struct search {
	const uint8_t *id;
	size_t n_id;
	struct seen *seen;
	size_t n_seen, cap_seen;
	struct proc_find_result *res;
};

static bool header_matches(const struct search *s, const struct proc_mem *mem, uint64_t base)
{
	uint8_t head[sizeof(Elf64_Ehdr)], raw[PHDRS_MAX * sizeof(Elf64_Phdr)];
	size_t w = wire_size(WIRE_PHDR, native_elf_class);
	Elf64_Ehdr eh;
	Elf64_Phdr ph[PHDRS_MAX];
	uint64_t first = UINT64_MAX;
	bool match = false;

	if (proc_mem_try_read(mem, base, head, sizeof(head)) || memcmp(head, ELFMAG, SELFMAG) ||
	    head[EI_CLASS] != native_elf_class)
		return false;
	wire_get_ehdr(head, &eh);
	if (eh.e_phentsize != w || eh.e_phnum > PHDRS_MAX ||
	    proc_mem_try_read(mem, base + eh.e_phoff, raw, eh.e_phnum * w))
		return false;
	for (unsigned int i = 0; i < eh.e_phnum; i++)
		wire_get_phdr(raw + i * w, native_elf_class, &ph[i]);
	for (unsigned int i = 0; i < eh.e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && ph[i].p_offset < 4096 && first == UINT64_MAX)
			first = ph[i].p_vaddr - ph[i].p_offset;
	for (unsigned int i = 0; i < eh.e_phnum && first != UINT64_MAX && !match; i++) {
		const uint8_t *id;
		uint8_t *buf;
		size_t n;

		if (ph[i].p_type != PT_NOTE || ph[i].p_filesz > NOTES_MAX)
			continue;
		buf = xmalloc(ph[i].p_filesz + 1);
		if (!proc_mem_try_read(mem, base + ph[i].p_vaddr - first, buf, ph[i].p_filesz)) {
			id = note_build_id(buf, ph[i].p_filesz, ph[i].p_align, &n);
			match = id && n == s->n_id && !memcmp(id, s->id, n);
		}
		free(buf);
	}
	return match;
}

static struct seen *look_up(struct search *s, uint64_t dev, uint64_t inode)
{
	for (size_t i = 0; i < s->n_seen; i++)
		if (s->seen[i].inode == inode && s->seen[i].dev == dev)
			return &s->seen[i];
	return NULL;
}

/* Adds @pid to the result where it maps the object with executable memory. */
static void search_process(struct search *s, pid_t pid)
{
	struct proc_mem mem = {.pid = pid, .fd = -1};
	struct sut_err quiet = {0};
	struct proc_maps maps;
	bool denied;

	if (proc_maps_read(&maps, pid, &quiet)) {
		denied = sut_err_has(&quiet, SUT_P_PERMISSION);
		sut_err_free(&quiet);
		s->res->n_denied += denied;
		return;
	}
	if (maps.n)
		s->res->n_looked++;
	for (size_t i = 0; i < maps.n; i++) {
		const struct proc_map *m = &maps.v[i];
		struct proc_found *f;
		struct seen *k;
		bool exec = false;

		if (m->offset || !m->inode || !(m->perms & PROC_R))
			continue;
		/* The header's mapping and code of the same file have to be there. */
		for (size_t j = i; j < maps.n && !exec; j++)
			exec = maps.v[j].inode == m->inode && maps.v[j].dev == m->dev &&
			       (maps.v[j].perms & PROC_X);
		if (!exec)
			continue;
		k = look_up(s, m->dev, m->inode);
		if (!k) {
			if (mem.fd < 0 && proc_mem_open(&mem, pid, false, &quiet)) {
				s->res->n_denied += sut_err_has(&quiet, SUT_P_PERMISSION);
				sut_err_free(&quiet);
				break;
			}
			k = VEC_PUSH(s->seen, s->n_seen, s->cap_seen);
			*k = (struct seen){m->dev, m->inode, header_matches(s, &mem, m->lo)};
		}
		if (!k->match)
			continue;
		f = VEC_PUSH(s->res->v, s->res->n, s->res->cap);
		f->pid = pid;
		f->start_time = proc_start_time(pid);
		f->path = xstrdup(m->path);
		proc_comm(pid, f->comm, sizeof(f->comm));
		break;
	}
	proc_mem_close(&mem);
	proc_maps_free(&maps);
}

int proc_find_build_id(const uint8_t *id, size_t n, struct proc_find_result *res,
		       struct sut_err *err)
{
	struct search s = {.id = id, .n_id = n, .res = res};
	struct dirent *d;
	DIR *dir = opendir("/proc");

	memset(res, 0, sizeof(*res));
	if (!dir)
		return sut_fail(err, SUT_E_IO, "/proc", "%s", strerror(errno));
	while ((d = readdir(dir))) {
		pid_t pid = atoi(d->d_name);

		if (pid > 0 && pid != getpid())
			search_process(&s, pid);
	}
	closedir(dir);
	free(s.seen);
	return 0;
}

pid_t proc_shares_memory(pid_t pid)
{
	pid_t found = 0, live = proc_live_thread(pid);
	struct dirent *d;
	DIR *dir = opendir("/proc");

	/* To the kernel those that have no memory have the same: whoever has exited must not be asked. */
	while (dir && live && !found && (d = readdir(dir))) {
		pid_t other = atoi(d->d_name), thread;

		if (other <= 0 || other == pid)
			continue;
		thread = proc_live_thread(other);
		if (thread && !syscall(SYS_kcmp, live, thread, KCMP_VM, 0, 0))
			found = other;
	}
	if (dir)
		closedir(dir);
	return found;
}

void proc_find_free(struct proc_find_result *res)
{
	for (size_t i = 0; i < res->n; i++)
		free(res->v[i].path);
	free(res->v);
	memset(res, 0, sizeof(*res));
}

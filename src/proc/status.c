// SPDX-License-Identifier: GPL-2.0-or-later
#include "proc/status.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *field(const char *text, const char *key)
{
	const char *p = strstr(text, key);

	return p ? p + strlen(key) : NULL;
}

static uint64_t number(const char *text, const char *key, int base)
{
	const char *p = field(text, key);

	return p ? strtoull(p, NULL, base) : 0;
}

/* One read into a fixed buffer: this runs while threads are stopped. */
static ssize_t slurp(const char *path, char *buf, size_t n)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t r;

	if (fd < 0)
		return -1;
	r = read(fd, buf, n - 1);
	close(fd);
	buf[r > 0 ? r : 0] = '\0';
	return r;
}

/*
 * A thread of the kernel has no memory, but neither has a program's that is just exiting. The status has
 * a word for it only since Linux 6.8; the flags (field 9, behind a name that may hold anything) always do.
 */
static bool has_kthread_flag(pid_t pid, pid_t tid)
{
	enum { PF_KTHREAD = 0x00200000 };
	char path[64], text[1024];
	unsigned long flags = 0;
	const char *p;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	if (slurp(path, text, sizeof(text)) <= 0)
		return false;
	p = strrchr(text, ')');
	return p && sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %lu", &flags) == 1 && flags & PF_KTHREAD;
}

int proc_status_read(struct proc_status *st, pid_t pid, pid_t tid)
{
	char path[64], text[8192];
	const char *p;

	memset(st, 0, sizeof(*st));
	snprintf(path, sizeof(path), "/proc/%d/task/%d/status", pid, tid);
	if (slurp(path, text, sizeof(text)) <= 0)
		return -1;
	p = field(text, "Name:\t");
	if (p)
		snprintf(st->name, sizeof(st->name), "%.*s", (int)MIN(strcspn(p, "\n"), 31), p);
	p = field(text, "\nState:\t");
	st->state = p ? *p : '?';
	st->tgid = (pid_t)number(text, "\nTgid:\t", 10);
	/* Reaped between the opening and the reading: the text is there, but all its ids are 0. */
	if (!st->tgid) {
		memset(st, 0, sizeof(*st));
		return -1;
	}
	st->ppid = (pid_t)number(text, "\nPPid:\t", 10);
	st->tracer = (pid_t)number(text, "\nTracerPid:\t", 10);
	st->n_threads = (unsigned int)number(text, "\nThreads:\t", 10);
	st->seccomp = (int)number(text, "\nSeccomp:\t", 10);
	st->no_new_privs = number(text, "\nNoNewPrivs:\t", 10) != 0;
	st->kthread = !field(text, "\nVmSize:") && has_kthread_flag(pid, tid);
	p = field(text, "\nUid:\t");
	if (p)
		st->euid = (uid_t)strtoul(p + strcspn(p, "\t"), NULL, 10);
	p = field(text, "\nx86_Thread_features:\t");
	st->shadow_stack = p && memmem(p, strcspn(p, "\n"), "shstk", 5);
	st->sig_pending = number(text, "\nSigPnd:\t", 16);
	st->shared_pending = number(text, "\nShdPnd:\t", 16);
	st->sig_blocked = number(text, "\nSigBlk:\t", 16);
	st->sig_ignored = number(text, "\nSigIgn:\t", 16);
	st->sig_caught = number(text, "\nSigCgt:\t", 16);
	return 0;
}

static bool has_exited(pid_t pid, pid_t tid)
{
	char path[64], text[1024];
	const char *p;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", pid, tid);
	if (slurp(path, text, sizeof(text)) <= 0)
		return true;
	p = strrchr(text, ')');
	return !p || strlen(p) < 3 || p[2] == 'Z' || p[2] == 'X';
}

pid_t proc_live_thread(pid_t pid)
{
	char path[40];
	struct dirent *d;
	pid_t live = 0;
	DIR *dir;

	if (!has_exited(pid, pid))
		return pid;
	snprintf(path, sizeof(path), "/proc/%d/task", pid);
	dir = opendir(path);
	while (dir && !live && (d = readdir(dir))) {
		pid_t tid = atoi(d->d_name);

		if (tid > 0 && !has_exited(pid, tid))
			live = tid;
	}
	if (dir)
		closedir(dir);
	return live;
}

uint64_t proc_status_effective_signals(const struct proc_status *st)
{
	const uint64_t silent = 1ULL << (SIGCHLD - 1) | 1ULL << (SIGURG - 1) |
				1ULL << (SIGWINCH - 1) | 1ULL << (SIGCONT - 1);
	uint64_t pending = (st->sig_pending | st->shared_pending) & ~st->sig_blocked;

	return pending & ~st->sig_ignored & ~(silent & ~st->sig_caught);
}

void proc_comm(pid_t pid, char *buf, size_t n)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/comm", pid);
	if (slurp(path, buf, n) <= 0)
		snprintf(buf, n, "?");
	buf[strcspn(buf, "\n")] = '\0';
}

void proc_wchan(pid_t pid, pid_t tid, char *buf, size_t n)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/task/%d/wchan", pid, tid);
	if (slurp(path, buf, n) <= 0 || !strcmp(buf, "0"))
		snprintf(buf, n, "the kernel");
}

static bool same_user_ns(pid_t pid)
{
	char path[40];
	struct stat a, b;

	snprintf(path, sizeof(path), "/proc/%d/ns/user", proc_live_thread(pid));
	return stat(path, &a) || stat("/proc/self/ns/user", &b) || a.st_ino == b.st_ino;
}

char *proc_why_denied(pid_t pid)
{
	struct proc_status st;
	char scope[8] = "";

	if (proc_status_read(&st, pid, pid))
		return xstrdup("it may not be traced");
	slurp("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof(scope));
	if (scope[0] == '3')
		return xstrdup("the kernel lets nobody trace (yama ptrace_scope is 3)");
	if (st.euid != geteuid() && geteuid() != 0)
		return xasprintf("it runs as user %u, we as user %u", st.euid, geteuid());
	if (!same_user_ns(pid))
		return xstrdup("it is in another user namespace, where we have no CAP_SYS_PTRACE");
	if (geteuid() == 0)
		return xstrdup("we are root without CAP_SYS_PTRACE, or a security module denies it");
	if (scope[0] == '1' || scope[0] == '2')
		return xasprintf("yama ptrace_scope is %c: tracing needs CAP_SYS_PTRACE", scope[0]);
	return xstrdup("it is set-user-ID, not dumpable, or has capabilities that we lack");
}

uint64_t proc_stack_start(pid_t pid)
{
	uint64_t start = 0;
	uint8_t *text;
	char path[40], *p, *save = NULL;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/stat", proc_live_thread(pid));
	if (read_file(path, &text, &n) < 0)
		return 0;
	/* The name may hold anything: fields are counted from behind it. The 28th is startstack. */
	p = strrchr((char *)text, ')');
	p = p ? strtok_r(p + 1, " ", &save) : NULL;
	for (int field = 3; p && field < 28; field++)
		p = strtok_r(NULL, " ", &save);
	if (p)
		start = strtoull(p, NULL, 10);
	free(text);
	return start;
}

char *proc_syscall_text(pid_t pid, pid_t tid)
{
	char path[64];
	uint8_t *text;
	size_t n;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/syscall", pid, tid);
	return read_file(path, &text, &n) ? NULL : (char *)text;
}

bool proc_waiting_at(pid_t pid, pid_t tid, long *ret_nr, uint64_t *ret_sp, uint64_t *ret_pc)
{
	char *text = proc_syscall_text(pid, tid), *pc = text ? strrchr(text, ' ') : NULL, *sp = NULL;
	bool res;

	if (pc) {
		*pc++ = '\0';
		sp = strrchr(text, ' ');
	}
	res = sp && sscanf(text, "%ld", ret_nr) == 1;
	if (res) {
		*ret_sp = strtoull(sp + 1, NULL, 16);
		*ret_pc = strtoull(pc, NULL, 16);
	}
	free(text);
	return res;
}

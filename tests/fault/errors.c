// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Each system call of apply and of revert fails, one at a time: the program says so and ends (or
 * finds another way); the target is unharmed, all old or all new, and the next command works.
 */
#include "prey.h"

enum { CALLS_MAX = 1000 };

static const struct {
	const char *call, *error;
	int step;		/* every one, or every third of many like ones */
} faults[] = {
	{"ptrace", "EIO", 1},		{"ptrace", "EPERM", 2},	     {"pwrite64", "EIO", 1},
	{"pwrite64", "ENOSPC", 1},	{"pwrite64", "EINTR", 1},    {"pread64", "EIO", 1},
	{"pread64", "ENOMEM", 5},	{"process_vm_readv", "EPERM", 1}, {"wait4", "EINTR", 3},
	{"openat", "EMFILE", 1},	{"openat", "ENOMEM", 3},     {"read", "EIO", 2},
	{"write", "ENOSPC", 1},		{"fcntl", "EPERM", 1},	     {"pidfd_open", "EMFILE", 1},
	{"pidfd_getfd", "EPERM", 1},	{"pidfd_getfd", "ENOSYS", 1}, {"readlink", "EACCES", 1},
	{"getdents64", "EIO", 1},	     {"newfstatat", "EACCES", 3},	{"flock", "ENOLCK", 1},
	{"getrandom", "EAGAIN", 1},
	{"rt_sigtimedwait", "EINTR", 1}, {"rt_sigprocmask", "EINVAL", 3},
	{"sched_setscheduler", "EPERM", 1},
};

static int tried, bad;

static void complain(const char *verb, size_t i, int n, int rc, const char *how)
{
	printf("# %s, %s %s at number %d, exit code %d: %s\n", verb, faults[i].call, faults[i].error, n,
	       rc, how);
	bad++;
}

/* True where there is no n-th call. */
static bool one(struct prey *p, const char *verb, size_t i, int n)
{
	bool forward = !strcmp(verb, "apply"), hit;
	int from = forward ? 1 : 2, rc, version;
	char *inject = xasprintf("%s:error=%s:when=%d", faults[i].call, faults[i].error, n);

	rc = prey_tool(inject, verb, NULL, p->pid);
	free(inject);
	hit = prey_injected();
	tried += hit;
	version = prey_ask(p);
	/* A signal's number is a crash; 127 is the dynamic linker's, when it is starved. */
	if (rc >= 128 || rc < 0)
		complain(verb, i, n, rc, prey_said);
	/* A leak checker that could not read its options finds itself traced, and says so at the end. */
	if (rc && rc != 127 && !strstr(prey_said, "SUT-") && !strstr(prey_said, "memory") &&
	    !strstr(prey_said, "LeakSanitizer does not work") && strcmp(faults[i].call, "write"))
		complain(verb, i, n, rc, prey_said);
	if ((rc == 0 && version != 3 - from) || version < 1 || p->wrong)
		complain(verb, i, n, rc, "the target is of the wrong version");
	if (rc == 3 && version != from)
		complain(verb, i, n, rc, "refused, yet something changed");
	if (prey_tool(NULL, forward ? "revert" : "apply", NULL, p->pid) && version != from)
		complain(verb, i, n, rc, prey_said);
	if (prey_ask(p) != from || p->wrong || (forward && !prey_clean(p->pid)))
		complain(verb, i, n, rc, "it is not back where it was");
	return !hit;
}

int main(void)
{
	struct prey p;

	if (!prey_init())
		return prey_done();
	for (size_t i = 0; i < ARRAY_SIZE(faults) && bad <= 20; i++)
		for (int n = 1; n < CALLS_MAX && bad <= 20; n += faults[i].step) {
			bool last;

			/* A fresh process, so that memory is mapped anew each time. */
			prey_start(&p, "4", NULL);
			prey_ask(&p);
			last = one(&p, "apply", i, n);
			if (!prey_end(&p))
				complain("apply", i, n, 0, "the target did not end in health");
			if (last)
				break;
		}
	tap_ok(tried > 200 && !bad, "%d system calls of apply failed, the target was unharmed (%d)", tried,
	       bad);
	bad = tried = 0;
	prey_start(&p, "4", NULL);
	prey_ask(&p);
	prey_tool(NULL, "apply", NULL, p.pid);
	for (size_t i = 0; i < ARRAY_SIZE(faults) && bad <= 20; i++)
		for (int n = 1; n < CALLS_MAX && bad <= 20; n += faults[i].step * 2)
			if (one(&p, "revert", i, n))
				break;
	tap_ok(tried > 100 && !bad, "%d system calls of revert failed, the target was unharmed (%d)", tried,
	       bad);
	tap_ok(prey_healthy(&p) && prey_end(&p), "the target works on and ends in health");
	return prey_done();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What this machine can do. Each capability is looked at in the way in which it will be used where
 * that is possible without touching anything: a child is traced, a memfd is made, a page of our own
 * is written through /proc/self/mem.
 */
#include "lib/result.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/native/native.h"
#include "target/target.h"

#define CAP_SYS_PTRACE_BIT 19
#define CAP_SYS_ADMIN_BIT  21
#define CACHE_WANTED_MB	   1024

struct doctor {
	json_t *list;
	json_int_t missing;
};

static void add(struct doctor *d, const char *area, const char *id, const char *title,
		const char *state, const char *found, const char *remedy)
{
	json_t *j = json_object();

	json_object_set_new(j, "area", text_json(area));
	json_object_set_new(j, "id", text_json(id));
	json_object_set_new(j, "title", text_json(title));
	json_object_set_new(j, "state", text_json(state));
	json_object_set_new(j, "found", text_json(found));
	json_object_set_new(j, "remedy", text_json(remedy));
	json_array_append_new(d->list, j);
	d->missing += !strcmp(state, "missing");
}

static char *read_text(const char *path)
{
	uint8_t *p;
	size_t n;

	return read_file(path, &p, &n) ? NULL : (char *)p;
}

/* ---- processes ---- */

static uint64_t effective_caps(void)
{
	char *text = read_text("/proc/self/status"), *p = text ? strstr(text, "\nCapEff:") : NULL;
	uint64_t caps = p ? strtoull(p + strlen("\nCapEff:"), NULL, 16) : 0;

	free(text);
	return caps;
}

/* 0, or the errno of seizing a child of ours. */
static int try_seize(void)
{
	pid_t pid = fork();
	int why;

	if (pid < 0)
		return errno;
	if (!pid) {
		for (;;)
			pause();
	}
	why = ptrace(PTRACE_SEIZE, pid, 0, 0) ? errno : 0;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, __WALL);
	return why;
}

static void look_at_ptrace(struct doctor *d)
{
	uint64_t caps = effective_caps();
	bool cap = caps >> CAP_SYS_PTRACE_BIT & 1;
	char *yama = read_text("/proc/sys/kernel/yama/ptrace_scope");
	char scope = yama ? yama[0] : '0';
	int why = try_seize();
	char *found;

	if (why)
		add(d, "processes", "ptrace", "tracing", "missing", strerror(why),
		    "PTRACE_SEIZE is denied even on a child: a seccomp filter or a security module "
		    "forbids it. In a container, allow ptrace.");
	else
		add(d, "processes", "ptrace", "tracing", "ok", "PTRACE_SEIZE works", NULL);
	found = xasprintf("%s, yama ptrace_scope %s", cap ? "CAP_SYS_PTRACE" : "no CAP_SYS_PTRACE",
			  yama ? (char[]){scope, 0} : "absent");
	if (scope == '3')
		add(d, "processes", "ptrace-scope", "other processes", "missing", found,
		    "ptrace_scope 3 forbids tracing until the next boot: set "
		    "kernel.yama.ptrace_scope to 1 or 2 and reboot.");
	else if (cap)
		add(d, "processes", "ptrace-scope", "other processes", "ok", found, NULL);
	else
		add(d, "processes", "ptrace-scope", "other processes", "limited", found,
		    scope == '0' ? "Only processes of your own user can be patched. Run as root for "
				   "others."
				 : "Only descendants can be patched. Run as root.");
	free(found);
	free(yama);
	/* The kernel has this file with CONFIG_CHECKPOINT_RESTORE only. */
	if (!file_exists("/proc/sys/kernel/ns_last_pid"))
		add(d, "processes", "seccomp-read", "reading seccomp filters", "limited",
		    "the kernel seems to be without CONFIG_CHECKPOINT_RESTORE",
		    "Processes under a seccomp filter are refused (SUT-P012).");
	else if (caps >> CAP_SYS_ADMIN_BIT & 1)
		add(d, "processes", "seccomp-read", "reading seccomp filters", "ok",
		    "CAP_SYS_ADMIN", NULL);
	else
		add(d, "processes", "seccomp-read", "reading seccomp filters", "limited",
		    "no CAP_SYS_ADMIN",
		    "Processes under a seccomp filter are refused (SUT-P012). Run as root.");
}

static void look_at_memfd(struct doctor *d)
{
	int fd = memfd_create("suture-doctor", MFD_CLOEXEC);

	if (fd >= 0)
		add(d, "processes", "memfd", "memory for patches", "ok", "memfd_create works",
		    NULL);
	else
		add(d, "processes", "memfd", "memory for patches", "missing", strerror(errno),
		    "memfd_create is needed (Linux 3.17): allow it in the sandbox.");
	if (fd >= 0)
		close(fd);
}

/* Since Linux 6.10 a kernel may be told to forbid what debuggers do: writing read-only pages. */
static void look_at_force(struct doctor *d)
{
	void *page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open("/proc/self/mem", O_RDWR | O_CLOEXEC);
	bool good;

	if (page == MAP_FAILED || fd < 0) {
		add(d, "processes", "mem-force", "writing code", "unknown",
		    "/proc/self/mem cannot be opened", NULL);
	} else {
		good = pwrite(fd, "x", 1, (off_t)(uintptr_t)page) == 1;
		if (good)
			add(d, "processes", "mem-force", "writing code", "ok",
			    "/proc/PID/mem writes past page protection", NULL);
		else
			add(d, "processes", "mem-force", "writing code", "limited", strerror(errno),
			    "The kernel restricts writes through /proc/PID/mem. Boot with "
			    "proc_mem.force_override=ptrace, or =always.");
	}
	if (fd >= 0)
		close(fd);
	if (page != MAP_FAILED)
		munmap(page, 4096);
}

/* ---- building ---- */

/* The first line that a program prints, or NULL where it cannot be run. */
static char *first_line(const char *program, const char *arg)
{
	char *argv[] = {(char *)program, (char *)arg, NULL}, *out = NULL;
	int rc = run_command(argv, &(struct run_opts){.ret_output = &out});

	if (rc || !out) {
		free(out);
		return NULL;
	}
	out[strcspn(out, "\n")] = '\0';
	return out;
}

static void look_at_program(struct doctor *d, const char *program, const char *remedy)
{
	char *line = first_line(program, "--version");

	add(d, "building", program, program, line ? "ok" : "missing",
	    line ? line : "it cannot be run", line ? NULL : remedy);
	free(line);
}

static void look_at_compilers(struct doctor *d)
{
	char *gcc = first_line("gcc", "--version"), *clang = first_line("clang", "--version");

	if (!gcc && !clang)
		add(d, "building", "compiler", "compiler", "missing", "neither gcc nor clang",
		    "Install the compiler that built the program: apt-get install gcc");
	if (gcc)
		add(d, "building", "gcc", "gcc", "ok", gcc, NULL);
	if (clang)
		add(d, "building", "clang", "clang", "ok", clang, NULL);
	free(gcc);
	free(clang);
}

static bool has_archive_lists(void)
{
	char *const argv[] = {"apt-get", "indextargets", "--format", "$(CREATED_BY)", NULL};
	char *out = NULL;
	bool has = !run_command(argv, &(struct run_opts){.ret_output = &out}) && out &&
		   strstr(out, "Packages");

	free(out);
	return has;
}

static void look_at_debian(struct doctor *d)
{
	char *apt = first_line("apt-get", "--version");

	if (!apt) {
		add(d, "building", "deb", "--deb", "info", "no apt-get: not a Debian system", NULL);
		return;
	}
	free(apt);
	look_at_program(d, "dpkg-source", "apt-get install dpkg-dev");
	/* deb-src lines are not needed: 'build --deb' makes its own list of them. */
	if (has_archive_lists())
		add(d, "building", "deb", "Debian archive", "ok", "apt has sources of packages",
		    NULL);
	else
		add(d, "building", "deb", "Debian archive", "limited",
		    "apt has no sources of packages",
		    "'build --deb' fetches from the archives that apt knows: add one to /etc/apt.");
}

/* The nearest folder above @path that exists. */
static char *existing(const char *path)
{
	char *p = xstrdup(path), *slash;

	while (!file_exists(p) && (slash = strrchr(p, '/')) && slash != p)
		*slash = '\0';
	return p;
}

static void look_at_cache(struct doctor *d)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *dir = xdg && *xdg	  ? xasprintf("%s/suture", xdg)
		    : home && *home ? xasprintf("%s/.cache/suture", home)
				    : NULL;
	char *at = dir ? existing(dir) : NULL, *found;
	struct statvfs st;

	if (!at || statvfs(at, &st)) {
		add(d, "building", "cache", "cache folder", "missing",
		    dir ? strerror(errno) : "neither XDG_CACHE_HOME nor HOME is set",
		    "Give 'build' a folder with --work DIR.");
	} else {
		uint64_t mb = (uint64_t)st.f_bavail * st.f_frsize >> 20;
		bool writable = !access(at, W_OK);

		found = xasprintf("%s, %llu MB free%s", dir, (unsigned long long)mb,
				  writable ? "" : ", not writable");
		add(d, "building", "cache", "cache folder",
		    !writable ? "missing" : mb < CACHE_WANTED_MB ? "limited" : "ok", found,
		    !writable		   ? "Give 'build' a folder with --work DIR."
		    : mb < CACHE_WANTED_MB ? "A build keeps the source and its objects there; free "
					     "some space, or use --work DIR."
					   : NULL);
		free(found);
	}
	free(at);
	free(dir);
}

/* ---- architectures and the kernel ---- */

static void look_at_architectures(struct doctor *d)
{
	const struct target *t;

	for (size_t i = 0; (t = target_nth(i)); i++)
		add(d, "architectures", t->name, t->name, "ok",
		    t->machine == native_elf_machine ? "patches are built, processes are patched" :
						       "patches are built, compared and inspected", NULL);
}

static const char *livepatch_config(const char *release)
{
	char *path = xasprintf("/boot/config-%s", release), *text = read_text(path);
	const char *found = "unknown: no /boot/config of this kernel";

	if (file_exists("/sys/kernel/livepatch"))
		found = "CONFIG_LIVEPATCH is set";
	else if (text && strstr(text, "\nCONFIG_LIVEPATCH=y"))
		found = "CONFIG_LIVEPATCH is set";
	else if (text)
		found = "CONFIG_LIVEPATCH is not set";
	free(text);
	free(path);
	return found;
}

static void look_at_kernel(struct doctor *d)
{
	struct utsname u;
	char *found;

	uname(&u);
	add(d, "kernel", "kernel", "running kernel", "info", u.release, NULL);
	found = xasprintf("%s; patching kernels is not in this version",
			  livepatch_config(u.release));
	add(d, "kernel", "livepatch", "kernel live patching", "info", found, NULL);
	free(found);
}

struct sut_result *sut_doctor(void)
{
	struct sut_result *r = result_new("doctor");
	struct doctor d = {.list = json_array()};
	struct sut_err err = {0};

	look_at_ptrace(&d);
	look_at_memfd(&d);
	look_at_force(&d);
	look_at_compilers(&d);
	look_at_program(&d, "make", "apt-get install make");
	look_at_program(&d, "patch", "apt-get install patch");
	look_at_debian(&d);
	look_at_cache(&d);
	look_at_architectures(&d);
	look_at_kernel(&d);
	json_object_set_new(r->doc, "capabilities", d.list);
	json_object_set_new(r->doc, "missing", json_integer(d.missing));
	return result_done(r, SUT_OUTCOME_OK, &err);
}

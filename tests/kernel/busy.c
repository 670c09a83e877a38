// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Load for a system that is patched: busy LOAD..., each in a process per CPU, as long as /tmp/busy is there. A call
 * that gives a wrong answer ends it with status 1. "files:DIR" works on files below DIR.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/keyctl.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *dir = "/tmp";

__attribute__((noreturn, format(printf, 1, 2))) static void wrong(const char *fmt, ...)
{
	int e = errno;
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "busy: ");
	vfprintf(stderr, fmt, ap);
	fprintf(stderr, " (%s)\n", strerror(e));
	_exit(1);
}

#define MUST(cond) ((cond) ? (void)0 : wrong("line %d: %s", __LINE__, #cond))

/* A pipe with signals on both ends, filled, moved on with splice() and read back. */
static void pipes(void)
{
	static char in[30000], out[sizeof(in)];
	int a[2], b[2], flags;
	ssize_t n;

	MUST(!pipe(a) && !pipe(b));
	signal(SIGIO, SIG_IGN);
	for (int i = 0; i < 2; i++) {
		flags = fcntl(a[i], F_GETFL);
		MUST(!fcntl(a[i], F_SETOWN, getpid()) && !fcntl(a[i], F_SETFL, flags | O_ASYNC));
	}
	memset(in, rand(), sizeof(in));
	MUST(write(a[1], in, sizeof(in)) == sizeof(in));
	n = splice(a[0], NULL, b[1], NULL, sizeof(in), 0);
	MUST(n > 0 && read(b[0], out, sizeof(out)) == n && !memcmp(in, out, (size_t)n));
	for (int i = 0; i < 2; i++)
		MUST(!close(a[i]) && !close(b[i]));
}

static void files(void)
{
	static char in[70000], out[sizeof(in)];
	char path[200], other[220];
	struct stat st;
	int fd;

	snprintf(path, sizeof(path), "%s/busy.%d", dir, getpid());
	snprintf(other, sizeof(other), "%s.other", path);
	memset(in, rand(), sizeof(in));
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	MUST(fd >= 0 && write(fd, in, sizeof(in)) == sizeof(in));
	MUST(pread(fd, out, sizeof(out), 0) == sizeof(out) && !memcmp(in, out, sizeof(in)));
	MUST(!ftruncate(fd, 333) && !fstat(fd, &st) && st.st_size == 333);
	MUST(!rename(path, other) && !stat(other, &st) && stat(path, &st) < 0);
	MUST(!link(other, path) && !unlink(other));
	fsync(fd);
	MUST(!close(fd) && !unlink(path));
}

/* A descriptor sent over a socket. */
static void sockets(void)
{
	union {
		struct cmsghdr h;
		char room[CMSG_SPACE(sizeof(int))];
	} c = {.h = {.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
	char text[] = "suture", got[sizeof(text)];
	struct iovec v = {text, sizeof(text)};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = &c, .msg_controllen = sizeof(c.room)};
	int s[2], fd;

	MUST(!socketpair(AF_UNIX, SOCK_STREAM, 0, s));
	memcpy(CMSG_DATA(&c.h), &s[0], sizeof(int));
	MUST(sendmsg(s[0], &m, 0) == sizeof(text));
	v.iov_base = got;
	m.msg_controllen = sizeof(c.room);
	MUST(recvmsg(s[1], &m, 0) == sizeof(text) && !strcmp(got, text));
	memcpy(&fd, CMSG_DATA(&c.h), sizeof(int));
	MUST(!close(fd) && !close(s[0]) && !close(s[1]));
}

/* Over the loopback device; a large datagram goes in fragments. What a queue loses or spoils is no fault. */
static void network(void)
{
	static char data[20000];
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t n = sizeof(a);
	struct pollfd p = {.events = POLLIN};
	int to = socket(AF_INET, SOCK_DGRAM, 0), from = socket(AF_INET, SOCK_DGRAM, 0);

	MUST(to >= 0 && from >= 0 && !bind(to, (struct sockaddr *)&a, n) && !getsockname(to, (struct sockaddr *)&a, &n));
	sendto(from, data, sizeof(data), 0, (struct sockaddr *)&a, n);
	sendto(from, data, 100, 0, (struct sockaddr *)&a, n);
	p.fd = to;
	if (poll(&p, 1, 20) > 0)
		MUST(recv(to, data, sizeof(data), 0) > 0);
	MUST(!close(to) && !close(from));
}

static void memory(void)
{
	size_t size = 300000;
	char *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	MUST(p != MAP_FAILED);
	p[1] = 1;
	p[size - 1] = 2;
	mlock(p, 5000);
	munlock(p, 5000);
	MUST(!mprotect(p + 8192, 4096, PROT_READ) && !madvise(p, 4096, MADV_DONTNEED) && p[1] == 0 && p[size - 1] == 2);
	MUST(!munmap(p, size));
}

static void children(void)
{
	pid_t pid = fork();
	int status;

	MUST(pid >= 0);
	if (!pid) {
		memory();
		_exit(7);
	}
	MUST(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

static void whole(const char *path)
{
	static char text[65536];
	int fd = open(path, O_RDONLY);
	ssize_t n, sum = 0;

	MUST(fd >= 0);
	while ((n = read(fd, text, sizeof(text))) > 0)
		sum += n;
	MUST(sum > 0 && !close(fd));
}

static void smaps(void)
{
	whole("/proc/self/smaps");
	whole("/proc/self/maps");
	whole("/proc/self/status");
}

static void timers(void)
{
	struct itimerval t = {{0, 900000}, {50, 500000}}, got;
	struct itimerspec ts = {{0, 0}, {0, 1000}};
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);
	uint64_t n;

	MUST(!setitimer(ITIMER_VIRTUAL, &t, NULL) && !getitimer(ITIMER_VIRTUAL, &got));
	MUST(got.it_interval.tv_usec == 900000 && got.it_value.tv_sec <= 51);
	MUST(fd >= 0 && !timerfd_settime(fd, 0, &ts, NULL) && read(fd, &n, sizeof(n)) == sizeof(n) && !close(fd));
}

static void keys(void)
{
	char name[40];
	long key, found;

	snprintf(name, sizeof(name), "suture:%d", getpid());
	key = syscall(SYS_add_key, "user", name, "text", 4, KEY_SPEC_PROCESS_KEYRING);
	MUST(key > 0);
	found = syscall(SYS_request_key, "user", name, NULL, 0);
	MUST(found == key);
	MUST(syscall(SYS_request_key, "user", "suture:none", NULL, 0) < 0);
	MUST(!syscall(SYS_keyctl, KEYCTL_UNLINK, key, KEY_SPEC_PROCESS_KEYRING));
}

static void waits(void)
{
	int word = 1, ep = epoll_create1(0), in = inotify_init1(IN_NONBLOCK);
	struct timespec t = {0, 1000};
	struct epoll_event e = {.events = EPOLLIN};

	MUST(syscall(SYS_futex, &word, FUTEX_WAIT, 1, &t, NULL, 0) < 0);
	MUST(syscall(SYS_futex, &word, FUTEX_WAKE, 1, NULL, NULL, 0) == 0);
	MUST(ep >= 0 && in >= 0 && inotify_add_watch(in, dir, IN_CREATE) > 0);
	MUST(!epoll_ctl(ep, EPOLL_CTL_ADD, in, &e) && epoll_wait(ep, &e, 1, 1) >= 0);
	MUST(!close(ep) && !close(in));
}

static void mounts(void)
{
	char path[100];

	snprintf(path, sizeof(path), "/tmp/busy-mount.%d", getpid());
	MUST(!mkdir(path, 0700) && !mount("none", path, "tmpfs", 0, "size=64k"));
	MUST(rmdir(path) < 0 && errno == EBUSY);
	MUST(!umount2(path, MNT_DETACH) && !rmdir(path));
}

/* Adds an attribute to a message of rtnetlink. */
static void add(struct nlmsghdr *h, unsigned short type, const void *data, size_t n)
{
	struct rtattr *a = (struct rtattr *)((char *)h + NLMSG_ALIGN(h->nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(n);
	memcpy(RTA_DATA(a), data, n);
	h->nlmsg_len = NLMSG_ALIGN(h->nlmsg_len) + RTA_ALIGN(a->rta_len);
}

/* The loopback device with a queue that spoils packets. */
static void netem(void)
{
	static bool there;
	struct {
		struct nlmsghdr h;
		struct tcmsg t;
		char room[200];
	} m = {.h = {NLMSG_LENGTH(sizeof(m.t)), RTM_NEWQDISC, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE | NLM_F_ACK, 1, 0},
	       .t = {.tcm_ifindex = 1, .tcm_parent = TC_H_ROOT}};
	struct {
		struct tc_netem_qopt q;
		struct rtattr a;
		struct tc_netem_corrupt c;
	} o = {{.limit = 1000}, {RTA_LENGTH(sizeof(o.c)), TCA_NETEM_CORRUPT}, {.probability = 1u << 31}};
	struct {
		struct nlmsghdr h;
		struct nlmsgerr e;
		char room[200];
	} got;
	int fd;

	if (!there) {
		add(&m.h, TCA_KIND, "netem", sizeof("netem"));
		add(&m.h, TCA_OPTIONS, &o, sizeof(o));
		fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
		MUST(fd >= 0 && send(fd, &m, m.h.nlmsg_len, 0) > 0 && recv(fd, &got, sizeof(got), 0) > 0);
		MUST(got.h.nlmsg_type == NLMSG_ERROR && (errno = -got.e.error) == 0 && !close(fd));
		there = true;
	}
	network();
}

static const struct {
	const char *name;
	void (*run)(void);
} loads[] = {
	{"pipes", pipes}, {"files", files}, {"sockets", sockets}, {"network", network}, {"memory", memory},
	{"children", children}, {"smaps", smaps}, {"timers", timers}, {"keys", keys}, {"waits", waits},
	{"mounts", mounts}, {"netem", netem},
};

static void work(const char *arg)
{
	size_t n = strcspn(arg, ":");

	if (arg[n])
		dir = arg + n + 1;
	srand((unsigned)getpid());
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++) {
		unsigned long rounds = 0;

		if (strlen(loads[i].name) != n || strncmp(loads[i].name, arg, n))
			continue;
		for (; !access("/tmp/busy", F_OK); rounds++)
			loads[i].run();
		if (!rounds)
			wrong("%s: not one round", arg);
		_exit(0);
	}
	wrong("no load '%s'", arg);
}

int main(int argc, char **argv)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	int status, bad = 0;

	/* All CPUs are busy, and still what patches the system need not wait in line. */
	nice(15);
	for (int i = 1; i < argc; i++)
		for (long c = 0; c < cpus; c++)
			if (!fork())
				work(argv[i]);
	while (wait(&status) > 0)
		bad |= status;
	return bad ? 1 : 0;
}

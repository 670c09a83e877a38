// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/util.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/sha.h>

static void out_of_memory(void)
{
	static const char msg[] = "suture: out of memory\n";

	/* No stdio here: it may allocate. */
	if (write(STDERR_FILENO, msg, sizeof(msg) - 1) < 0)
		_exit(4);
	_exit(4);
}

void *xmalloc(size_t size)
{
	void *p = malloc(size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xcalloc(size_t n, size_t size)
{
	void *p = calloc(n ? n : 1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *xrealloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		out_of_memory();
	return p;
}

char *xstrdup(const char *s)
{
	return xstrndup(s, strlen(s));
}

char *xstrndup(const char *s, size_t n)
{
	char *p;

	n = strnlen(s, n);
	p = xmalloc(n + 1);
	memcpy(p, s, n);
	p[n] = '\0';
	return p;
}

void *xmemdup(const void *p, size_t n)
{
	void *q = xmalloc(n);

	if (n)
		memcpy(q, p, n);
	return q;
}

char *xvasprintf(const char *fmt, va_list ap)
{
	char *s;

	if (vasprintf(&s, fmt, ap) < 0)
		out_of_memory();
	return s;
}

char *xasprintf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	return s;
}

void *vec_grow(void *v, size_t n, size_t *cap, size_t elem)
{
	if (n >= *cap) {
		*cap = *cap ? *cap * 2 : 8;
		v = xrealloc(v, *cap * elem);
	}
	memset((char *)v + n * elem, 0, elem);
	return v;
}

void strvec_push(struct strvec *sv, const char *s)
{
	*VEC_PUSH(sv->v, sv->n, sv->cap) = xstrdup(s);
	/* The terminator takes room but does not count. */
	*VEC_PUSH(sv->v, sv->n, sv->cap) = NULL;
	sv->n--;
}

void strvec_pushf(struct strvec *sv, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = xvasprintf(fmt, ap);
	va_end(ap);
	strvec_push(sv, s);
	free(s);
}

bool strvec_has(const struct strvec *sv, const char *s)
{
	for (size_t i = 0; i < sv->n; i++)
		if (!strcmp(sv->v[i], s))
			return true;
	return false;
}

void strvec_free(struct strvec *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		free(sv->v[i]);
	free(sv->v);
	memset(sv, 0, sizeof(*sv));
}

bool str_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && !strcmp(s + n - m, suffix);
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *path_join(const char *dir, const char *name)
{
	if (name[0] == '/' || !dir || !*dir)
		return xstrdup(name);
	return xasprintf("%s%s%s", dir, str_ends(dir, "/") ? "" : "/", name);
}

int read_file(const char *path, uint8_t **ret_data, size_t *ret_size)
{
	size_t n = 0, cap = 0;
	uint8_t *data = NULL;
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC), saved;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) < 0)
		goto fail;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		goto fail;
	}
	/* Files under /proc say that they are empty: grow until the end is read. */
	cap = (size_t)(st.st_size > 0 ? st.st_size : 4096) + 1;
	data = xmalloc(cap);
	for (;;) {
		ssize_t r;

		if (n + 1 >= cap)
			data = xrealloc(data, cap *= 2);
		r = read(fd, data + n, cap - n - 1);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			goto fail;
		if (r == 0)
			break;
		n += (size_t)r;
	}
	close(fd);
	data[n] = 0;
	*ret_data = data;
	*ret_size = n;
	return 0;
fail:
	saved = errno;
	free(data);
	close(fd);
	errno = saved;
	return -1;
}

int write_all(int fd, const void *data, size_t size)
{
	const char *p = data;

	while (size) {
		ssize_t r = write(fd, p, size);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		p += r;
		size -= (size_t)r;
	}
	return 0;
}

int write_file(const char *path, const void *data, size_t size)
{
	char *tmp = xasprintf("%s.tmp.%d", path, (int)getpid());
	int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666), saved;

	if (fd < 0)
		goto fail;
	/* close() is where a full or remote disk may first say so. */
	if (write_all(fd, data, size) < 0) {
		saved = errno;
		close(fd);
		errno = saved;
		goto fail;
	}
	if (close(fd) < 0 || rename(tmp, path) < 0)
		goto fail;
	free(tmp);
	return 0;
fail:
	saved = errno;
	unlink(tmp);
	free(tmp);
	errno = saved;
	return -1;
}

int mkdir_p(const char *path)
{
	char *p = xstrdup(path), *s = p;
	int r = 0;

	while (*s == '/')
		s++;
	for (;;) {
		char c;

		while (*s && *s != '/')
			s++;
		c = *s;
		*s = '\0';
		if (*p && mkdir(p, 0777) < 0 && errno != EEXIST) {
			r = -1;
			break;
		}
		*s = c;
		if (!c)
			break;
		s++;
	}
	free(p);
	return r;
}

int remove_tree(const char *path)
{
	struct stat st;
	struct dirent *de;
	DIR *d;
	int r = 0;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode))
		return unlink(path);
	d = opendir(path);
	if (!d)
		return -1;
	while ((de = readdir(d))) {
		char *sub;

		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		sub = path_join(path, de->d_name);
		r |= remove_tree(sub);
		free(sub);
	}
	closedir(d);
	return rmdir(path) < 0 ? -1 : r;
}

bool files_equal(const char *a, const char *b)
{
	uint8_t *x = NULL, *y = NULL;
	size_t n, m;
	bool same = read_file(a, &x, &n) == 0 && read_file(b, &y, &m) == 0 && n == m &&
		    !memcmp(x, y, n);

	free(x);
	free(y);
	return same;
}

bool file_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

char *hex_encode(const uint8_t *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	char *s = xmalloc(2 * n + 1);

	for (size_t i = 0; i < n; i++) {
		s[2 * i] = digits[p[i] >> 4];
		s[2 * i + 1] = digits[p[i] & 15];
	}
	s[2 * n] = '\0';
	return s;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_decode(const char *s, uint8_t **ret, size_t *ret_n)
{
	size_t n = strlen(s);
	uint8_t *p;

	if (n % 2)
		return false;
	p = xmalloc(n / 2);
	for (size_t i = 0; i < n / 2; i++) {
		int hi = hex_digit(s[2 * i]), lo = hex_digit(s[2 * i + 1]);

		if (hi < 0 || lo < 0) {
			free(p);
			return false;
		}
		p[i] = (uint8_t)(hi << 4 | lo);
	}
	*ret = p;
	*ret_n = n / 2;
	return true;
}

void sha256(const void *p, size_t n, uint8_t out[SHA256_SIZE])
{
	SHA256(p, n, out);
}

static void child_exec(char *const argv[], const struct run_opts *o, int out_fd)
{
	int in = open(o->stdin_path ? o->stdin_path : "/dev/null", O_RDONLY);

	if (in < 0 || dup2(in, 0) < 0)
		_exit(127);
	if (out_fd >= 0) {
		if (dup2(out_fd, 1) < 0 || (!o->keep_stderr && dup2(out_fd, 2) < 0))
			_exit(127);
	}
	if (o->cwd && chdir(o->cwd) < 0)
		_exit(127);
	if (o->env)
		execvpe(argv[0], argv, o->env);
	else
		execvp(argv[0], argv);
	_exit(127);
}

/*
 * Ends the command when @cancel asks for it, as Ctrl-C would; a command that has other plans is asked
 * once more after two seconds. Never SIGKILL: it may be in the middle of installing something.
 */
static void pass_cancel(const volatile int *cancel, pid_t pid, uint64_t *asked)
{
	uint64_t now = now_ns();

	if (!cancel || !*cancel)
		return;
	if (!*asked)
		kill(pid, SIGINT);
	else if (now - *asked > 2000000000u)
		kill(pid, SIGTERM);
	else
		return;
	*asked = now;
}

/* Collects what comes from @fd until its end, or until @pid has ended after a cancel. */
static char *collect(int fd, pid_t pid, const struct run_opts *o, uint64_t *asked)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	size_t n = 0, cap = 0;
	char *out = NULL;

	for (;;) {
		ssize_t r;

		if (n + 4096 >= cap)
			out = xrealloc(out, cap = cap ? cap * 2 : 16384);
		if (o->cancel && poll(&p, 1, 50) <= 0) {
			siginfo_t si = {0};

			pass_cancel(o->cancel, pid, asked);
			/* Its children may hold the pipe for as long as they like. */
			if (*asked && !waitid(P_PID, (id_t)pid, &si, WEXITED | WNOHANG | WNOWAIT) && si.si_pid)
				break;
			continue;
		}
		r = read(fd, out + n, cap - n - 1);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			break;
		if (o->on_output)
			o->on_output(o->ctx, out + n, (size_t)r);
		n += (size_t)r;
	}
	out[n] = '\0';
	return out;
}

int run_command(char *const argv[], const struct run_opts *opts)
{
	static const struct run_opts none;
	const struct run_opts *o = opts ? opts : &none;
	int fds[2] = {-1, -1}, status;
	uint64_t asked = 0;
	pid_t pid, w;

	if (o->ret_output && pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid < 0) {
		int saved = errno;

		if (fds[0] >= 0) {
			close(fds[0]);
			close(fds[1]);
		}
		errno = saved;
		return -1;
	}
	if (pid == 0)
		child_exec(argv, o, fds[1]);
	if (o->ret_output) {
		close(fds[1]);
		*o->ret_output = collect(fds[0], pid, o, &asked);
		close(fds[0]);
	}
	while ((w = waitpid(pid, &status, o->cancel ? WNOHANG : 0)) != pid) {
		if (w < 0 && errno != EINTR)
			return -1;
		pass_cancel(o->cancel, pid, &asked);
		if (w == 0)
			usleep(5000);
	}
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

int cmp_u64(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A client of a Redis server that checks every answer, for the demo and its test.
 *
 *	load PORT SECONDS CONNECTIONS	runs until SIGTERM or the time is over; one line of figures
 *	restore PORT KEY < PAYLOAD	RESTOREs a payload (with \xNN escapes) and prints the reply
 *	ping PORT			exit status 0 once the server answers
 *
 * Exit status 1 where any answer was wrong or missing.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t stop;
static atomic_ulong n_ops, n_wrong;
static atomic_ulong worst_us;

static void on_term(int sig)
{
	stop = 1;
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int dial(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

struct conn {
	int fd;
	char buf[65536];
	size_t n, at;
};

static bool send_all(int fd, const char *p, size_t n)
{
	while (n) {
		ssize_t r = write(fd, p, n);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		p += r;
		n -= (size_t)r;
	}
	return true;
}

static int get_byte(struct conn *c)
{
	if (c->at == c->n) {
		ssize_t r;

		do
			r = read(c->fd, c->buf, sizeof(c->buf));
		while (r < 0 && errno == EINTR);
		if (r <= 0)
			return -1;
		c->n = (size_t)r;
		c->at = 0;
	}
	return (unsigned char)c->buf[c->at++];
}

/* One reply as text: "+OK", ":12", "$value", "-ERR ...", "$" alone for nil. */
static bool get_reply(struct conn *c, char *out, size_t max)
{
	size_t n = 0;
	int b;

	while ((b = get_byte(c)) != '\r') {
		if (b < 0 || n + 1 >= max)
			return false;
		out[n++] = (char)b;
	}
	get_byte(c);
	out[n] = '\0';
	if (out[0] == '$') {
		long len = atol(out + 1);

		if (len < 0) {
			out[1] = '\0';
			return true;
		}
		if ((size_t)len + 2 > max)
			return false;
		for (long i = 0; i < len; i++)
			out[1 + i] = (char)get_byte(c);
		out[1 + len] = '\0';
		get_byte(c);
		get_byte(c);
	}
	return true;
}

static bool command(struct conn *c, char *reply, size_t max, const char *const *argv, const size_t *len,
		    int argc)
{
	static _Thread_local char out[65536];
	int n = snprintf(out, sizeof(out), "*%d\r\n", argc);

	for (int i = 0; i < argc; i++) {
		n += snprintf(out + n, sizeof(out) - (size_t)n, "$%zu\r\n", len[i]);
		memcpy(out + n, argv[i], len[i]);
		n += (int)len[i];
		out[n++] = '\r';
		out[n++] = '\n';
	}
	return send_all(c->fd, out, (size_t)n) && get_reply(c, reply, max);
}

static bool words(struct conn *c, char *reply, size_t max, ...)
{
	const char *argv[8];
	size_t len[8];
	va_list ap;
	int argc = 0;

	va_start(ap, max);
	while (argc < 8 && (argv[argc] = va_arg(ap, const char *))) {
		len[argc] = strlen(argv[argc]);
		argc++;
	}
	va_end(ap);
	return command(c, reply, max, argv, len, argc);
}

static void wrong(const char *what, const char *got, const char *want)
{
	if (atomic_fetch_add(&n_wrong, 1) < 5)
		fprintf(stderr, "wrong answer to %s: got '%s', want '%s'\n", what, got, want);
}

struct job {
	int port, id;
};

static void *client(void *arg)
{
	const struct job *j = arg;
	struct conn c = {.fd = dial(j->port)};
	char key[64], counter[64], list[64], value[256], reply[4096], want[300];

	if (c.fd < 0) {
		wrong("connect", strerror(errno), "");
		return NULL;
	}
	snprintf(counter, sizeof(counter), "counter:%d", j->id);
	snprintf(list, sizeof(list), "list:%d", j->id);
	words(&c, reply, sizeof(reply), "DEL", counter, list, NULL);
	for (unsigned long i = 1; !stop; i++) {
		uint64_t t = now_us(), d;
		unsigned long w;

		snprintf(key, sizeof(key), "key:%d:%lu", j->id, i % 1000);
		snprintf(value, sizeof(value), "value %lu of %d, with some length to it: %0*lu", i, j->id,
			 (int)(i % 100) + 1, i);
		if (!words(&c, reply, sizeof(reply), "SET", key, value, NULL) || strcmp(reply, "+OK"))
			wrong("SET", reply, "+OK");
		snprintf(want, sizeof(want), "$%s", value);
		if (!words(&c, reply, sizeof(reply), "GET", key, NULL) || strcmp(reply, want))
			wrong("GET", reply, want);
		snprintf(want, sizeof(want), ":%lu", i);
		if (!words(&c, reply, sizeof(reply), "INCR", counter, NULL) || strcmp(reply, want))
			wrong("INCR", reply, want);
		snprintf(want, sizeof(want), ":%lu", i % 50 == 0 ? 50 : i % 50);
		if (!words(&c, reply, sizeof(reply), "RPUSH", list, value, NULL) || strcmp(reply, want))
			wrong("RPUSH", reply, want);
		if (i % 50 == 0 && !words(&c, reply, sizeof(reply), "DEL", list, NULL))
			wrong("DEL", reply, ":1");
		atomic_fetch_add(&n_ops, 4);
		d = now_us() - t;
		for (w = worst_us; d > w && !atomic_compare_exchange_weak(&worst_us, &w, d);)
			;
	}
	close(c.fd);
	return NULL;
}

static int run_load(int port, int seconds, int n)
{
	pthread_t *t = calloc((size_t)n, sizeof(*t));
	struct job *jobs = calloc((size_t)n, sizeof(*jobs));

	signal(SIGTERM, on_term);
	signal(SIGALRM, on_term);
	signal(SIGPIPE, SIG_IGN);
	alarm((unsigned int)seconds);
	for (int i = 0; i < n; i++) {
		jobs[i] = (struct job){port, i};
		pthread_create(&t[i], NULL, client, &jobs[i]);
	}
	for (int i = 0; i < n; i++)
		pthread_join(t[i], NULL);
	printf("%lu commands checked, %lu wrong, slowest group of four %.1f ms\n", n_ops, n_wrong,
	       (double)worst_us / 1000);
	free(t);
	free(jobs);
	return n_wrong || !n_ops;
}

static int hex(int c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static int run_restore(int port, const char *key)
{
	static char text[65536], payload[65536];
	struct conn c = {.fd = dial(port)};
	char reply[4096];
	const char *argv[] = {"RESTORE", key, "0", payload};
	size_t len[] = {7, strlen(key), 1, 0}, n = fread(text, 1, sizeof(text) - 1, stdin);

	for (size_t i = 0; i + 3 < n;) {
		if (text[i] == '\\' && text[i + 1] == 'x') {
			payload[len[3]++] = (char)(hex(text[i + 2]) << 4 | hex(text[i + 3]));
			i += 4;
		} else {
			i++;
		}
	}
	if (c.fd < 0 ||
	    !words(&c, reply, sizeof(reply), "DEBUG", "SET-SKIP-CHECKSUM-VALIDATION", "1", NULL) ||
	    !command(&c, reply, sizeof(reply), argv, len, 4)) {
		fprintf(stderr, "no answer\n");
		return 1;
	}
	puts(reply);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 5 && !strcmp(argv[1], "load"))
		return run_load(atoi(argv[2]), atoi(argv[3]), atoi(argv[4]));
	if (argc == 4 && !strcmp(argv[1], "restore"))
		return run_restore(atoi(argv[2]), argv[3]);
	if (argc == 3 && !strcmp(argv[1], "ping")) {
		struct conn c = {.fd = dial(atoi(argv[2]))};
		char reply[64];

		return c.fd < 0 || !words(&c, reply, sizeof(reply), "PING", NULL) ||
		       strcmp(reply, "+PONG");
	}
	fprintf(stderr, "usage: load load PORT SECONDS CONNECTIONS | restore PORT KEY | ping PORT\n");
	return 2;
}

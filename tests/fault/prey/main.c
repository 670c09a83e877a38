// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the tests of this folder attack while suture works on it.
 *
 *	prey THREADS [MODE]
 *
 * THREADS workers call whole() all the time and count mixed answers. MODE adds trouble: spawn (threads
 * that end at once), fork (children that check too), signals (a flood of them, handlers check), dl
 * (dlopen and dlclose), map (mappings that come and go next to the program), files (no descriptor is
 * left), space (no address space is left), exec, exit. A "q" comes in, a line goes out:
 * version, mixed answers, calls. "x" executes the program anew, "e" ends it.
 */
#include "part.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile long calls, bad_children;

static void *work(void *arg)
{
	for (;;) {
		for (int i = 0; i < 50; i++) {
			if (!whole())
				break;
			__atomic_add_fetch(&calls, 1, __ATOMIC_RELAXED);
		}
		usleep(300);
	}
	return arg;
}

static void *brief(void *arg)
{
	whole();
	return arg;
}

static void *spawn(void *arg)
{
	pthread_t t;

	for (;;) {
		if (!pthread_create(&t, NULL, brief, NULL))
			pthread_join(t, NULL);
		usleep(500);
	}
	return arg;
}

static void *fork_storm(void *arg)
{
	for (;;) {
		long before = wrong;
		int status = 0;
		pid_t pid = fork();

		if (!pid) {
			for (int i = 0; i < 200; i++)
				if (!whole())
					break;
			_exit(wrong != before);
		}
		if (pid > 0 && (waitpid(pid, &status, 0) != pid || status))
			bad_children++;
		usleep(1000);
	}
	return arg;
}

static void on_signal(int sig)
{
	whole();
}

static void *flood(void *arg)
{
	for (;;) {
		kill(getpid(), SIGUSR1);
		usleep(100);
	}
	return arg;
}

static void *dl(void *arg)
{
	for (;;) {
		void *h = dlopen("libm.so.6", RTLD_NOW | RTLD_LOCAL);

		if (h)
			dlclose(h);
		usleep(200);
	}
	return arg;
}

/* Takes and leaves the pages around the program, where an image would be placed. */
static void *map_race(void *arg)
{
	char *at = (char *)((unsigned long)&wrong & ~0xfffUL);
	unsigned int seed = 1;

	for (;;) {
		long off = (long)(rand_r(&seed) % 64) - 32;
		char *p = mmap(at + off * 16384, 16384, PROT_READ,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

		usleep(20);
		if (p != MAP_FAILED)
			munmap(p, 16384);
	}
	return arg;
}

static void use_up(const char *mode)
{
	if (!strcmp(mode, "files")) {
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){64, 64});
		while (dup(2) >= 0)
			;
	} else if (!strcmp(mode, "space")) {
		setrlimit(RLIMIT_AS, &(struct rlimit){1 << 20, 1 << 20});
	} else if (!strcmp(mode, "data")) {
		setrlimit(RLIMIT_DATA, &(struct rlimit){1 << 12, 1 << 12});
	} else if (!strcmp(mode, "fsize")) {
		setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, 0});
	}
}

static void trouble(const char *mode)
{
	static const struct {
		const char *name;
		void *(*fn)(void *);
	} all[] = {
		{"spawn", spawn}, {"fork", fork_storm}, {"signals", flood}, {"dl", dl}, {"map", map_race},
	};
	pthread_t t;

	signal(SIGUSR1, on_signal);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (!strcmp(all[i].name, mode))
			pthread_create(&t, NULL, all[i].fn, NULL);
	use_up(mode);
}

int main(int argc, char **argv)
{
	pthread_attr_t attr;
	pthread_t t;
	char word;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 128 << 10);
	for (int i = 0; argc > 1 && i < atoi(argv[1]); i++)
		if (pthread_create(&t, &attr, work, NULL))
			return 1;
	if (argc > 2)
		trouble(argv[2]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (;;) {
		/* One at a time: what comes behind an x is for the program that follows. */
		ssize_t n = read(0, &word, 1);

		if (n <= 0)
			return wrong || bad_children;
		if (word == 'x')
			execv(argv[0], argv);
		if (word == 'e')
			exit(0);
		printf("%d %ld %ld\n", whole(), wrong + bad_children, calls);
	}
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looks at a process without any of Suture's code: is its text what its files say, is any memory
 * writable and executable at once, is any thread stopped or traced?
 *
 *   memtext PID           all of it must be in order
 *   memtext -p PID        some text must differ (the process is patched), the rest in order
 */
#include <fcntl.h>
#include <dirent.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static unsigned long differing, compared;
static int faults;

static void compare(int mem, const char *pid, const char *range, uint64_t lo, uint64_t hi, uint64_t off)
{
	uint8_t live[4096], disk[4096];
	char path[256];
	int fd;

	/* map_files leads to the mapped file itself, even where it was replaced or deleted. */
	snprintf(path, sizeof(path), "/proc/%s/map_files/%s", pid, range);
	fd = open(path, O_RDONLY);
	if (fd < 0) {
		printf("# %s cannot be opened\n", path);
		faults++;
		return;
	}
	for (; lo < hi; lo += sizeof(live), off += sizeof(live)) {
		ssize_t want = pread(fd, disk, sizeof(disk), (off_t)off);

		if (want <= 0)
			break;
		if (pread(mem, live, sizeof(live), (off_t)lo) != sizeof(live)) {
			printf("# memory at 0x%llx cannot be read\n", (unsigned long long)lo);
			faults++;
			break;
		}
		for (ssize_t i = 0; i < want; i++)
			differing += live[i] != disk[i];
		compared += (unsigned long)want;
	}
	close(fd);
}

static void look_at_maps(const char *pid)
{
	char path[64], line[4096];
	FILE *f;
	int mem;

	snprintf(path, sizeof(path), "/proc/%s/mem", pid);
	mem = open(path, O_RDONLY);
	snprintf(path, sizeof(path), "/proc/%s/maps", pid);
	f = fopen(path, "r");
	if (mem < 0 || !f) {
		printf("# process %s cannot be read\n", pid);
		exit(2);
	}
	while (fgets(line, sizeof(line), f)) {
		unsigned long long lo, hi, off, inode;
		char perms[8], range[64];

		if (sscanf(line, "%llx-%llx %7s %llx %*s %llu", &lo, &hi, perms, &off, &inode) != 5)
			continue;
		if (perms[1] == 'w' && perms[2] == 'x') {
			printf("# writable and executable: %s", line);
			faults++;
		}
		if (perms[2] != 'x' || perms[1] == 'w' || !inode || strstr(line, "/memfd:") ||
		    strstr(line, "/dev/zero"))
			continue;
		snprintf(range, sizeof(range), "%llx-%llx", lo, hi);
		compare(mem, pid, range, lo, hi, off);
	}
	fclose(f);
	close(mem);
}

/* The main thread may have exited: its memory is asked for at another one. */
static const char *with_memory(const char *pid)
{
	static char tid[32];
	char path[64], line[256] = "", state = 0;
	struct dirent *e;
	FILE *f;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	d = opendir(path);
	snprintf(tid, sizeof(tid), "%s", pid);
	snprintf(path, sizeof(path), "/proc/%s/status", pid);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		sscanf(line, "State: %c", &state);
	if (f)
		fclose(f);
	while (d && state == 'Z' && (e = readdir(d)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, pid))
			snprintf(tid, sizeof(tid), "%.20s", e->d_name);
	if (d)
		closedir(d);
	return tid;
}

static void look_at_threads(const char *pid)
{
	char path[400], line[256];
	struct dirent *e;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	d = opendir(path);
	while (d && (e = readdir(d))) {
		FILE *f;
		char state;
		int tracer;

		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/task/%s/status", pid, e->d_name);
		f = fopen(path, "r");
		while (f && fgets(line, sizeof(line), f)) {
			if (sscanf(line, "State: %c", &state) == 1 && 
			    strchr(strcmp(e->d_name, pid) ? "TtZX" : "TtX", state)) {
				printf("# thread %s is in state %c\n", e->d_name, state);
				faults++;
			}
			if (sscanf(line, "TracerPid: %d", &tracer) == 1 && tracer) {
				printf("# thread %s is traced by %d\n", e->d_name, tracer);
				faults++;
			}
		}
		if (f)
			fclose(f);
	}
	if (d)
		closedir(d);
}

int main(int argc, char **argv)
{
	bool patched = argc == 3 && !strcmp(argv[1], "-p");
	const char *pid = argv[argc - 1];

	if (argc != 2 + patched) {
		fprintf(stderr, "usage: memtext [-p] PID\n");
		return 2;
	}
	look_at_maps(with_memory(pid));
	look_at_threads(pid);
	if (!compared) {
		printf("# no text was compared\n");
		faults++;
	}
	if (patched != (differing > 0)) {
		printf("# %lu of %lu bytes of text differ from the files\n", differing, compared);
		faults++;
	}
	return faults ? 1 : 0;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "proc/memory.h"
#include "proc/status.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

int proc_mem_open(struct proc_mem *m, pid_t pid, bool write, struct sut_err *err)
{
	char path[40], subject[32];

	m->pid = pid;
	m->task = proc_live_thread(pid);
	m->writable = write;
	snprintf(path, sizeof(path), "/proc/%d/mem", m->task);
	snprintf(subject, sizeof(subject), "pid %d", pid);
	m->fd = open(path, (write ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (m->fd >= 0)
		return 0;
	if (errno == ENOENT || errno == ESRCH)
		return sut_fail(err, SUT_P_GONE, subject, "there is no such process");
	if (errno == EACCES || errno == EPERM)
		return sut_fail(err, SUT_P_PERMISSION, subject, "its memory may not be opened: %s",
				strerror(errno));
	return sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
}

void proc_mem_close(struct proc_mem *m)
{
	if (m->fd >= 0)
		close(m->fd);
	m->fd = -1;
}

size_t proc_mem_read_some(const struct proc_mem *m, uint64_t addr, void *buf, size_t len)
{
	size_t done = 0;

	while (done < len) {
		ssize_t n = pread(m->fd, (uint8_t *)buf + done, len - done, (off_t)(addr + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			if (n == 0)
				errno = EIO;
			break;
		}
		done += (size_t)n;
	}
	return done;
}

int proc_mem_try_read(const struct proc_mem *m, uint64_t addr, void *buf, size_t len)
{
	return proc_mem_read_some(m, addr, buf, len) == len ? 0 : -1;
}

int proc_mem_read(const struct proc_mem *m, uint64_t addr, void *buf, size_t len,
		  struct sut_err *err)
{
	char subject[32];

	if (!proc_mem_try_read(m, addr, buf, len))
		return 0;
	snprintf(subject, sizeof(subject), "pid %d", m->pid);
	return sut_fail(err, SUT_P_MEMORY, subject, "cannot read %zu bytes at 0x%llx: %s", len,
			(unsigned long long)addr, strerror(errno));
}

int proc_mem_read_pieces(const struct proc_mem *m, const struct proc_mem_piece *v, size_t n)
{
	enum { BATCH = 512 };
	struct iovec here[BATCH], there[BATCH];

	for (size_t at = 0; at < n; at += BATCH) {
		size_t k = MIN(n - at, (size_t)BATCH), want = 0;
		ssize_t got;

		for (size_t i = 0; i < k; i++) {
			here[i] = (struct iovec){v[at + i].buf, v[at + i].len};
			there[i] = (struct iovec){(void *)(uintptr_t)v[at + i].addr, v[at + i].len};
			want += v[at + i].len;
		}
		got = process_vm_readv(m->task, here, k, there, k, 0);
		/* It cannot read what the process itself may not; /proc/PID/mem can. */
		for (size_t i = 0; i < k && (got < 0 || (size_t)got < want); i++)
			if (proc_mem_try_read(m, v[at + i].addr, v[at + i].buf, v[at + i].len))
				return -1;
	}
	return 0;
}

char *proc_mem_read_str(const struct proc_mem *m, uint64_t addr, size_t max)
{
	char *s = xmalloc(max + 1), *end;
	size_t n = 0;

	while (n < max) {
		/* To the end of the page: the next one may not be there. */
		size_t chunk = MIN(max - n, 4096 - ((addr + n) & 4095));
		size_t got = proc_mem_read_some(m, addr + n, s + n, chunk);

		end = memchr(s + n, '\0', got);
		if (end)
			return s;
		if (got < chunk)
			break;
		n += got;
	}
	free(s);
	return NULL;
}

int proc_mem_write(const struct proc_mem *m, uint64_t addr, const void *buf, size_t len,
		   struct sut_err *err)
{
	size_t done = 0;
	char subject[32];

	while (done < len) {
		ssize_t n = pwrite(m->fd, (const uint8_t *)buf + done, len - done,
				   (off_t)(addr + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			snprintf(subject, sizeof(subject), "pid %d", m->pid);
			return sut_fail(err, SUT_P_MEMORY, subject, "cannot write %zu bytes at 0x%llx: %s",
					len - done, (unsigned long long)(addr + done),
					n ? strerror(errno) : "its memory is gone");
		}
		done += (size_t)n;
	}
	return 0;
}

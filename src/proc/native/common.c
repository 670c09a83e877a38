// SPDX-License-Identifier: GPL-2.0-or-later
/* What is the same on all architectures. */
#include "proc/native/native.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <unistd.h>

void native_frame_free(struct native_frame *f)
{
	free(f->bytes);
	memset(f, 0, sizeof(*f));
}

bool native_in_rseq(pid_t tid, int mem_fd, const char **ret_why)
{
	struct {
		uint64_t abi;
		uint32_t size, signature, flags, pad;
	} conf = {0};
	uint64_t cs = 0;

	/* Kernels before 5.13 do not tell. */
	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof(conf), &conf) <= 0 || !conf.abi)
		return false;
	if (pread(mem_fd, &cs, sizeof(cs), (off_t)(conf.abi + 8)) != sizeof(cs) || !cs)
		return false;
	*ret_why = "it may be in a restartable sequence";
	return true;
}

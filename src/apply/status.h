/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is patched: read from the ledgers in the processes, compared with their live text. */
#ifndef SUTURE_APPLY_STATUS_H
#define SUTURE_APPLY_STATUS_H

#include "apply/ledger.h"

enum status_entry {
	STATUS_OURS,		/* the entry holds this patch's redirect */
	STATUS_COVERED,		/* the redirect of a patch on top of it; see @on_top */
	STATUS_ORIGINAL,	/* the bytes from before */
	STATUS_STUB,		/* a switch was left half done */
	STATUS_FOREIGN,		/* something else wrote there */
};

struct status_func {
	char *name, *object, *file;
	int line;
	uint64_t addr, size, new_addr, new_size; /* run-time */
	enum status_entry entry;
	char *on_top;		/* name of the patch that covers it, or NULL */
};

struct status_patch {
	pid_t pid;
	char comm[32];
	char *name, *version, *description, *cves; /* all but the name may be NULL */
	uint8_t digest[SHA256_SIZE];
	enum ledger_state state;
	uint64_t seq, when, pause_ns;
	uint32_t uid, tool_pid, attempts;
	char user[64];
	bool word;		/* which versions run while the state is between two others */
	bool damaged;		/* nothing but pid, comm, name and @why is known */
	char why[128];
	bool intact;		/* every entry is as the state says */
	uint64_t image_size;	/* bytes mapped */
	struct status_func *funcs;
	size_t n_funcs, cap_funcs;
};

struct status_list {
	struct status_patch *v;	/* by pid, then by sequence */
	size_t n, cap;
	unsigned int n_denied;	/* processes that may not be read */
};

/* Adds all patches of one process. Errors: P_GONE, P_PERMISSION, E_ARCH, E_IO. */
int status_read(struct status_list *sl, pid_t pid, struct sut_err *err);
/* All processes. Those that come, go or may not be read are no error. -1: E_IO (no /proc). */
int status_read_all(struct status_list *sl, struct sut_err *err);
void status_free(struct status_list *sl);

#endif

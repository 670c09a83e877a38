// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/process.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proc/status.h"

int process_usable(pid_t pid, struct sut_err *err)
{
	struct proc_status st;
	char subject[32];

	snprintf(subject, sizeof(subject), "pid %d", pid);
	if (pid == getpid())
		return sut_fail(err, SUT_P_SELF, subject, "it is this very program");
	if (proc_status_read(&st, pid, pid))
		return sut_fail(err, SUT_P_GONE, subject, "no such process");
	if (st.tgid != pid) {
		sut_fail(err, SUT_U_THREAD, subject, "it is a thread of process %d", st.tgid);
		return sut_fail_remedy(err, "name the process: %d", st.tgid);
	}
	if (st.kthread)
		return sut_fail(err, SUT_P_KTHREAD, subject, "'%s' has no program", st.name);
	if (!proc_live_thread(pid))
		return sut_fail(err, SUT_P_GONE, subject,
				"it has ended; its parent has not taken notice yet");
	return 0;
}

static bool covers(struct patch_place *at, const struct ledger_func *f, uint64_t lo, uint64_t size,
		   uint64_t pc)
{
	if (pc < lo || pc - lo >= size)
		return false;
	at->func = f->name;
	at->offset = pc - lo;
	return true;
}

struct patch_place process_patch_at(const struct ledgers *ls, uint64_t pc)
{
	struct patch_place at = {0};

	for (size_t i = 0; i < ls->n && !at.patch; i++)
		for (size_t k = 0; k < ls->v[i].n && !at.patch; k++) {
			const struct ledger *l = &ls->v[i].v[k];

			if ((pc < l->text_lo || pc >= l->text_hi) &&
			    (pc < l->island_lo || pc >= l->island_hi))
				continue;
			at.patch = l->patch;
			for (size_t j = 0; j < l->n_funcs && !at.func; j++) {
				const struct ledger_func *f = &l->funcs[j];

				if (!covers(&at, f, f->new_addr, f->new_size, pc) &&
				    !covers(&at, f, f->old_addr, f->old_size, pc))
					covers(&at, f, f->stub_addr, f->stub_size, pc);
			}
		}
	return at;
}

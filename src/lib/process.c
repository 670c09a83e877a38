// SPDX-License-Identifier: GPL-2.0-or-later
#include "lib/process.h"
#include "lib/result.h"

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
	if (st.state == 'Z' || st.state == 'X')
		return sut_fail(err, SUT_P_GONE, subject,
				"it has ended; its parent has not taken notice yet");
	return 0;
}

json_t *process_patch_at(const struct ledgers *ls, uint64_t pc)
{
	for (size_t i = 0; i < ls->n; i++)
		for (size_t k = 0; k < ls->v[i].n; k++)
			if (pc >= ls->v[i].v[k].text_lo && pc < ls->v[i].v[k].text_hi)
				return text_json(ls->v[i].v[k].patch);
	return json_null();
}

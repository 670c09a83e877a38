// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"
#include "job.h"

NOINLINE long twice(void *user);

NOINLINE long twice(void *user)
{
	struct job *j = user;

	return j->n < j->limit ? j->n * 2 : j->limit;
}

// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"
#include "libwork.h"

extern int work_exported;

static bool talk(const char *word, long n, long m)
{
	if (IS("work"))
		printf("%d", work((int)n));
	if (IS("direct"))
		printf("%d", work_direct((int)n));
	if (IS("kind"))
		printf("%d", work_kind((int)n));
	if (IS("set"))
		printf("%d", work_exported = (int)n);
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}

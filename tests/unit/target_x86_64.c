// SPDX-License-Identifier: GPL-2.0-or-later
/* x86-64: what compilers and linkers made. */
#include "linked.h"

int main(void)
{
	static const char *const v[][2] = {
		{"-O2", "-pie"},
		{"-O0", "-pie"},
		{"-O3", "-pie"},
		{"-O2 -fno-pie", "-no-pie"},
		{"-O2 -fPIC", "-shared"},
		{"-O2 -fcf-protection=full", "-pie"},
		{"-O2 -fno-plt", "-pie"},
	};
	const char *cc = "x86_64-linux-gnu-gcc";
	const char *dir = linked_begin(cc);

	if (!dir)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		prove_linked(cc, dir, v[i][0], v[i][1]);
	return linked_end(dir);
}

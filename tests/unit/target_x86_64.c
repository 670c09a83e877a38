// SPDX-License-Identifier: GPL-2.0-or-later
/* x86-64: what compilers and linkers made. */
/* A nop that was a jump, as kernels have them: what became of its relocation stays. */
#define LINKED_MORE \
	"int unjump(int a) { asm(\".reloc ., R_X86_64_NONE, ext\\n\\t.byte 0x0f, 0x1f, 0x44, 0, 0\");\n" \
	" return calls(a) + ext; }\n"
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

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ppc64le against its own compiler and linker: every function of a unit must be found in the linked
 * program at the place that the linker's symbol table names, whatever the linker rewrote on the way.
 */
#include "linked.h"

#define CC "powerpc64le-linux-gnu-gcc"

/* Executed by hand: five instructions for the constant. */
static void far_jump(void)
{
	const struct target *t = &target_ppc64le;
	uint8_t out[TARGET_MAX_JUMP];
	uint32_t w[7];
	uint64_t r12;

	tap_ok(t->encode_far(0x10000000, 0x7fff89abcdef8124, out) == 28, "a far jump");
	memcpy(w, out, sizeof(w));
	r12 = (uint64_t)(int32_t)(w[0] << 16) | (w[1] & 0xffff);
	r12 = r12 << 32 | (uint64_t)(w[3] & 0xffff) << 16 | (w[4] & 0xffff);
	tap_ok(w[0] >> 16 == 0x3d80 && w[1] >> 16 == 0x618c && w[2] == 0x798c07c6 && w[3] >> 16 == 0x658c &&
		       w[4] >> 16 == 0x618c && w[5] == 0x7d8903a6 && w[6] == 0x4e800420,
	       "by r12 and ctr, and r2 is left alone");
	tap_eq_u64(r12, 0x7fff89abcdef8124, "to the whole address");
}

int main(void)
{
	static const struct {
		const char *flags, *ldflags;
	} v[] = {
		{"-O2", "-pie"},
		{"-O0", "-pie"},
		{"-Os", "-pie"},
		{"-O3", "-pie"},
		{"-O2 -fno-pie", "-no-pie"},
		{"-O0 -fno-pie", "-no-pie"},
		{"-O2 -fno-pie", "-no-pie -static"},
		{"-O2 -fpatchable-function-entry=2", "-pie"},
		{"-O2 -mcmodel=small", "-pie"},
		{"-O2 -mcpu=power9", "-pie"},
		{"-O2 -fPIC", "-shared"},
		{"-O2 -fPIC -ftls-model=local-dynamic", "-shared"},
		{"-O2 -fPIC", "-pie"},
		{"-O2 -mcpu=power10", "-pie"},
		{"-O2 -mcpu=power10 -fPIC", "-shared"},
	};
	const char *dir = linked_begin(CC);

	if (!dir)
		return 0;
	far_jump();
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		prove_linked(CC, dir, v[i].flags, v[i].ldflags);
	return linked_end(dir);
}

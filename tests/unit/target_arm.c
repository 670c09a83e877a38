// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The arm target: what it encodes, its own decoder and the real linker understand; and every function
 * of a unit compiled with real flags is proved in the program that the real compiler made of it.
 */

/* Literals and tables between the code, in each of their ways. */
#define LINKED_MORE \
	"int (*ptr)(int) = calls; static int (*table[])(int) = {tail, sw, leaf};\n" \
	"int via(int i) { return ptr == calls ? table[i](i) : 0; }\n" \
	"long long div8(long long a, long long b) { return a / b + gl; }\n" \
	"float many(float a, double b, int c, long long e, int g, int h) { return a + b + c + e + g + h; }\n" \
	"int scan(const char *s) { int n = 0; while (*s) { if (*s == 'x' || strchr(\"abc\", *s)) n += ext;\n" \
	" s++; } return n; }\n" \
	"int jump(int a) { static void *const l[] = {&&x, &&y, &&z}; goto *l[a]; x: return 1; y: a += ext;\n" \
	" z: return a; }\n" \
	/* A pool behind a table: padding between them depends on where the function lies. */ \
	"#define P(n, more) int bp##n(int a) { return a * n ^ 0x5a5a5; }\\\n" \
	" __attribute__((naked, no_instrument_function, target(\"thumb\"))) double pool##n(int i) {\\\n" \
	" asm(\"cmp r0, #3\\n bhi 6f\\n\" more \"tbh [pc, r0, lsl #1]\\n1: .2byte (4f-1b)/2, (5f-1b)/2\\n\"\\\n" \
	" \".2byte (5f-1b)/2, (6f-1b)/2\\n.align 3\\n2: .double \" #n \".5\\n3: .word 77\\n4: ldr r0, 3b\\n\"\\\n" \
	" \"5: vldr d0, 2b\\n6: bx lr\"); }\n" \
	"P(3, \"\") P(4, \"adds r0, #0\\nadds r0, #0\\n\") P(5, \"\") P(6, \"adds r0, #0\\nadds r0, #0\\n\")\n" \
	/* A switch that leads back, whose table of words is aligned behind it, on either halfword. */ \
	"#define W(n, more) __attribute__((naked, no_instrument_function, target(\"thumb\"))) void gap##n(void) {\\\n" \
	" asm(more \"bx lr\"); }\\\n" \
	"int words##n(const char *s) { int h = n; for (; *s; s++) { switch (*s) {\\\n" \
	" case 'a': h += ext; break; case 'c': h = leaf(h); break; case 'f': h ^= 7700 + n; break;\\\n" \
	" case 'g': h = h * 3 + gl; break; case 'h': h -= leaf(n); break; case 'm': return h;\\\n" \
	" default: continue; } h = h * 17 + leaf(*s); } return h + n; }\n" \
	"W(1, \"\") W(2, \"adds r0, #0\\n\") W(3, \"adds r0, #0\\n\") W(4, \"\")\n"

#include "linked.h"

#include <elf.h>

#define T (&target_arm)
#define CC "arm-linux-gnueabihf-gcc"

static void jumps(void)
{
	static const struct {
		uint64_t from, to;
		bool fits;
	} v[] = {
		{0x10001, 0x20001, true}, {0x20001, 0x10001, true}, {0x10003, 0x10009, true},
		{0x1000003, 0x2000005, true}, {0x2000001, 0x1000005, true},
		{0x10001, 0x1020001, false}, {0x10000, 0x20000, true}, {0x2000000, 0x8, true},
		{0x10000, 0x2010008, false}, {0x10000, 0x20001, false}, {0x10001, 0x20000, false},
	};
	struct target_dis *dis = target_dis_open(T);
	unsigned int bad = 0;

	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		uint8_t out[TARGET_MAX_JUMP];
		struct insn in;

		if ((T->encode_jump(v[i].from, v[i].to, NULL, 4, out) == 4) != v[i].fits) {
			bad++;
			continue;
		}
		dis->isa = v[i].from & 1;
		if (v[i].fits && (T->decode(dis, out, 4, v[i].from & ~1ULL, &in) < 0 ||
				  in.kind != INSN_JUMP || in.target != v[i].to))
			bad++;
	}
	target_dis_close(dis);
	tap_ok(!bad, "jumps lead where they should, or are refused (%u bad)", bad);
}

/* Read back by what sees through a linker's own far jumps. */
static void far_jumps(void)
{
	static const uint64_t at[] = {0x10000, 0x10001}, to[] = {0xb0000000, 0xb0000003};
	uint8_t out[TARGET_MAX_JUMP];
	unsigned int bad = 0;

	for (size_t i = 0; i < 4; i++) {
		size_t n = T->encode_far(at[i & 1], to[i >> 1], out);

		bad += n != 8 || T->follow(at[i & 1], out, n) != to[i >> 1];
	}
	tap_ok(!bad, "a far jump from and to both instruction sets");
}

/* Fields: what is applied is taken back as the addend by the decoder. */
static void fields(void)
{
	uint8_t call[4] = {0x00, 0xf0, 0x00, 0xd0}, p[4] = {0};
	struct target_dis *dis = target_dis_open(T);
	struct insn in;

	dis->isa = 1;
	tap_ok(!T->apply_rel(R_ARM_THM_PC22, call, 0x1002, 0x2001 - 4, 0) &&
		       !T->decode(dis, call, 4, 0x1002, &in) && in.target == 0x2001,
	       "bl to Thumb code");
	tap_ok(!T->apply_rel(R_ARM_THM_PC22, call, 0x1002, 0x2000 - 4, 0) &&
		       !T->decode(dis, call, 4, 0x1002, &in) && in.target == 0x2000,
	       "bl becomes blx to A32 code");
	tap_ok(T->apply_rel(R_ARM_THM_JUMP24, call, 0x1002, 0x2000 - 4, 0) < 0,
	       "b.w does not change the instruction set");
	dis->isa = 0;
	memcpy(p, "\x00\x00\x00\xeb", 4);
	tap_ok(!T->apply_rel(R_ARM_CALL, p, 0x1000, 0x2003 - 8, 0) &&
		       !T->decode(dis, p, 4, 0x1000, &in) && in.target == 0x2003,
	       "A32 bl becomes blx to Thumb code");
	tap_ok(T->apply_rel(R_ARM_JUMP24, p, 0x1000, 0x2003 - 8, 0) < 0, "A32 b does not");
	target_dis_close(dis);
}

int main(void)
{
	static const char *const levels[] = {"-O0", "-O1", "-O2", "-O3", "-Os"};
	static const struct {
		const char *flags, *ldflags;
	} each[] = {{"", "-pie"}, {"-marm", "-pie"}, {"-fno-pie", "-no-pie"}, {"-fPIC", "-shared"}},
	v[] = {
		{"-O2 -marm -fno-pie", "-no-pie -static"},
		{"-O2 -marm -fPIC", "-pie"},
		{"-O2 -fPIC -ftls-model=local-dynamic", "-shared"},
		{"-O2 -fPIC -mtls-dialect=gnu2", "-shared"},
		{"-O2 -fPIC -marm -mtls-dialect=gnu2", "-shared"},
		{"-O2 -pg", "-pie"},
		{"-O2 -pg -marm", "-pie"},
		{"-O2 -fpatchable-function-entry=4", "-pie"},
	};
	const char *dir = linked_begin(CC);
	char flags[64];

	if (!dir)
		return 0;
	jumps();
	far_jumps();
	fields();
	for (size_t i = 0; i < ARRAY_SIZE(levels) * ARRAY_SIZE(each); i++) {
		snprintf(flags, sizeof(flags), "%s %s", levels[i / 4], each[i % 4].flags);
		prove_linked(CC, dir, flags, each[i % 4].ldflags);
	}
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		prove_linked(CC, dir, v[i].flags, v[i].ldflags);
	return linked_end(dir);
}

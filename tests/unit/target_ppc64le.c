// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ppc64le against its own compiler and linker: every function of a unit must be found in the linked
 * program at the place that the linker's symbol table names, whatever the linker rewrote on the way.
 */
/* Tables whose address is taken without a relocation, over nops that keep prefixed instructions in one line. */
#define LINKED_MORE                                                                                       \
	"#ifdef _ARCH_PWR10\n"                                                                            \
	"#define P(n) int ps##n(int a) { return a * n; } unsigned pl##n(unsigned c, unsigned x) {\\\n"     \
	" while (c--) { x += 0x7654321##n; switch (x & 7) {\\\n"                                          \
	" case 0: x ^= 0x7182818##n; break; case 1: x = extf(x ^ 0x13572460); break;\\\n"                 \
	" case 2: x -= 0x3141592##n; break; case 3: x |= 0x2718281##n; x *= n; break;\\\n"                \
	" case 4: x = extf(x) + 0x1618033##n; break; case 5: x ^= 0x1414213##n; } } return x; }\n"        \
	"P(1) P(3) P(5) P(7) P(8) P(9)\n"                                                                 \
	"#endif\n"
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

static uint32_t word_at(const uint8_t *p)
{
	uint32_t w;

	memcpy(&w, p, 4);
	return w;
}

/* What the five instructions leave in @reg; 0 where they are others. */
static uint64_t constant(const uint8_t *p, uint32_t reg)
{
	static const uint32_t op[] = {15, 24, 30, 25, 24}; /* lis, ori, sldi, oris, ori */
	uint32_t rr = reg << 21 | reg << 16;

	for (size_t i = 0; i < 5; i++) {
		uint32_t w = word_at(p + 4 * i);

		if (w >> 26 != op[i] || (w & 0x03ff0000) != (i ? rr : reg << 21))
			return 0;
	}
	if ((word_at(p + 8) & 0xffff) != 0x07c6)
		return 0;
	return (uint64_t)(int64_t)(int16_t)word_at(p) << 48 | (uint64_t)(word_at(p + 4) & 0xffff) << 32 |
	       (uint64_t)(word_at(p + 12) & 0xffff) << 16 | (word_at(p + 16) & 0xffff);
}

/* The entry of a function of the large code model, which kernel modules have: ld r2,-8(r12); add r2,r2,r12. */
static void large_entry(void)
{
	const struct target *t = &target_ppc64le;
	static const uint32_t code[] = {0xe84cfff8, 0x7c426214, 0x7c0802a6};
	uint8_t p[sizeof(code)];
	size_t len;

	memcpy(p, code, sizeof(p));
	tap_eq_u64(t->entry_shape(p, sizeof(p), &len), 8, "an entry that loads the distance to the TOC");
	tap_eq_u64(t->code_gp(p, sizeof(p), 0x1000), 0, "and does not say it");
}

static int64_t branch_from(uint32_t w)
{
	return w >> 26 == 18 && !(w & 3) ? (int64_t)((uint64_t)(w & 0x03fffffc) << 38) >> 38 : 0;
}

/*
 * A high part that does not fit takes a detour, and what it leaves together with the low part, which is
 * filled in as ever, is the address.
 */
static void detours(void)
{
	enum { TOC16_LO = 48, TOC16_HA = 50, REL16_LO = 250, REL16_HA = 252, TPREL16_HA = 72 };
	static const uint64_t x[] = {0x7fff89abcdef8124, 0x7fff89abcdef7ffc, 0x13fff8000, 0, 0x8000};
	const struct target *t = &target_ppc64le;
	const uint64_t gp = 0x7fff12348100, place = 0x100000000, at = 0x100000400;
	bool right = true, entry = true;
	uint8_t out[TARGET_MAX_JUMP], p[8];
	uint32_t w[2];

	for (size_t i = 0; i < ARRAY_SIZE(x); i++)
		for (uint32_t reg = 0; reg < 32; reg++) {
			w[0] = 0x3c020000 | reg << 21; /* addis reg,r2,0 */
			w[1] = 0x38000000 | reg << 21 | reg << 16; /* addi reg,reg,0 */
			memcpy(p, w, 8);
			right &= t->apply_rel(TOC16_HA, p, place, x[i], gp) < 0;
			right &= t->encode_detour(TOC16_HA, p, place, x[i], gp, at, out) == 24;
			right &= !t->apply_rel(TOC16_LO, p + 4, place + 4, x[i], gp);
			right &= branch_from(word_at(p)) == (int64_t)(at - place);
			right &= branch_from(word_at(out + 20)) == (int64_t)(place + 4 - (at + 20));
			right &= constant(out, reg) + (uint64_t)(int64_t)(int16_t)word_at(p + 4) == x[i];
		}
	tap_ok(right, "a far address is what the detour and the low part give, in any register");
	/* The second field is four bytes on, and its addend says so; also behind two patchable nops. */
	for (uint64_t addend = 0; addend <= 8; addend += 8) {
		w[0] = 0x3c4c0000; /* addis r2,r12,0 */
		w[1] = 0x38420000; /* addi r2,r2,0 */
		memcpy(p, w, 8);
		entry &= t->apply_rel(REL16_HA, p, place, gp + addend, gp) < 0;
		entry &= t->encode_detour(REL16_HA, p, place, gp + addend, gp, at, out) == 24;
		entry &= !t->apply_rel(REL16_LO, p + 4, place + 4, gp + addend + 4, gp);
		entry &= constant(out, 2) + (uint64_t)(int64_t)(int16_t)word_at(p + 4) == gp;
	}
	tap_ok(entry, "and a global entry gets the TOC pointer");
	w[0] = 0x3d2d0000; /* addis r9,r13,0 */
	memcpy(p, w, 8);
	tap_ok(!t->encode_detour(TPREL16_HA, p, place, 0, gp, at, out) && !memcmp(p, w, 8),
	       "the offset of a thread-local variable takes none");
	w[0] = 0x3d220000; /* addis r9,r2,0 */
	memcpy(p, w, 8);
	tap_ok(!t->encode_detour(TOC16_HA, p, place, x[0], gp, place + 0x4000000, out) && !memcmp(p, w, 8),
	       "nor is there one out of a branch's reach");
}

/* Functions lose arguments: by that the kernel's have other names. One call ends a function. */
static const char kernel_unit[] =
	"extern int seen, out(int);\n"
	"static __attribute__((noinline)) int inner(int *p, int unused) { return out(*p) + seen; }\n"
	"int outer(int *p) { return inner(p, 1); }\n"
	"static __attribute__((noinline)) int last(int a) { return out(a) * a; }\n"
	"int tail(int a) { return last(a + 1); }\n";

static struct elf_obj *kernel_compile(const char *dir, const char *const *flags, const char *more, const char *name)
{
	char line[512] = "", path[256];
	struct sut_err err = {0};

	for (; *flags; flags++)
		snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s ", *flags);
	snprintf(path, sizeof(path), "%s/%s.o", dir, name);
	if (!run(dir, CC " -O2 -fno-pie -pg -mprofile-kernel %s%s -c kernel.c -o %s.o", line, more, name))
		return NULL;
	return target_obj_open(path, &err);
}

/* Units of the kernel, as they are compiled for a module: the same functions, and room behind each call. */
static void kernel_calls(const char *dir)
{
	const struct target *t = &target_ppc64le;
	struct elf_obj *runs, *ours;
	char path[256];
	size_t same = 0, n = 0, roomy = 0, calls = 0, local = 0;

	snprintf(path, sizeof(path), "%s/kernel.c", dir);
	write_file(path, kernel_unit, strlen(kernel_unit));
	snprintf(path, sizeof(path), "%s/first.h", dir);
	write_file(path, t->kernel_header, strlen(t->kernel_header));
	runs = kernel_compile(dir, t->proof_flags, "", "runs");
	ours = kernel_compile(dir, t->kernel_flags, "-include first.h", "ours");
	if (!tap_ok(runs && ours, "a unit of the kernel"))
		return;
	for (size_t i = 1; i < runs->n_syms; i++) {
		n += runs->syms[i].type == STT_FUNC;
		same += runs->syms[i].type == STT_FUNC && sym_at(ours, runs->syms[i].name);
	}
	tap_ok(n == 4 && same == 4 && sym_at(ours, "inner.constprop.0.isra.0"), "has the functions that the kernel has");
	for (size_t i = 1; i < ours->n_secs; i++)
		for (size_t k = 0; k < ours->secs[i].n_rels; k++) {
			const struct elf_sec *s = &ours->secs[i];
			const struct elf_rel *r = &s->rels[k];

			if (target_rel(t, r->type)->kind != REL_PLT || !strcmp(ours->syms[r->sym].name, "_mcount"))
				continue;
			calls++;
			local += ours->syms[r->sym].shndx != SHN_UNDEF;
			roomy += r->offset + 8 <= s->size && word_at(s->data + r->offset) == 0x48000001 &&
				 word_at(s->data + r->offset + 4) == 0x60000000;
		}
	tap_ok(calls == 4 && local == 2 && roomy == 4, "calls, also those within it, and room for r2 behind each");
	elf_obj_free(runs);
	elf_obj_free(ours);
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
		{"-O2 -mcmodel=large", "-pie"},
		{"-O2 -fno-pie -mcmodel=large -mlongcall -mno-pltseq", "-no-pie"},
		{"-O2 -mcpu=power9", "-pie"},
		{"-O2 -fPIC", "-shared"},
		{"-O2 -fPIC -ftls-model=local-dynamic", "-shared"},
		{"-O2 -fPIC", "-pie"},
		{"-O2 -mcpu=power10", "-pie"},
		{"-O2 -mcpu=power10 -fPIC", "-shared"},
		/* The nops end where a prefixed instruction may not begin: the assembler adds one. */
		{"-O2 -mcpu=power10 -fpatchable-function-entry=3", "-pie"},
		{"-O2 -mcpu=power10 -fpatchable-function-entry=7,4", "-pie"},
	};
	const char *dir = linked_begin(CC);

	if (!dir)
		return 0;
	far_jump();
	large_entry();
	detours();
	kernel_calls(dir);
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		prove_linked(CC, dir, v[i].flags, v[i].ldflags);
	return linked_end(dir);
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ARM's unwind tables: made by hand for each instruction, and those of a compiler against the
 * .debug_frame of the same code, at each of its calls.
 */
#include "tap.h"
#include "unwind/exidx.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- by hand ---- */

static uint8_t index_mem[64], table_mem[EXIDX_ENTRY_MAX * 2];
static struct exidx hand = {
	.index = index_mem, .index_size = 24, .index_addr = 0x9000,
	.table = table_mem, .table_size = sizeof(table_mem), .table_addr = 0xa000,
};

static void put(uint8_t *p, uint32_t w)
{
	memcpy(p, &w, 4);
}

static uint32_t rel(uint64_t to, uint64_t from)
{
	return (uint32_t)(to - from) & 0x7fffffff;
}

/* Three functions, at 0x1000, 0x2000 and 0x3000; the middle one has @w as its second word. */
static void make(uint32_t w)
{
	put(index_mem, rel(0x1000, 0x9000));
	put(index_mem + 4, 1);
	put(index_mem + 8, rel(0x2000, 0x9008));
	put(index_mem + 12, w);
	put(index_mem + 16, rel(0x3000, 0x9010));
	put(index_mem + 20, 1);
}

static struct cfi_row row;

static int look(uint64_t pc)
{
	return exidx_row(&hand, pc, 0x4000, &row);
}

static int64_t offset_of(unsigned int reg)
{
	for (unsigned int i = 0; i < row.n_rules; i++)
		if (row.rules[i].reg == reg)
			return row.rules[i].kind == CFI_REG_OFFSET ? row.rules[i].value : -2;
	return -1;
}

/* Instructions in a table entry of model 1 with two more words. */
static int with(const char *hex)
{
	uint8_t code[10] = {0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0, 0xb0};
	size_t n = 0;

	for (const char *p = hex; p[0] && p[1]; p += 2) {
		unsigned int v;

		sscanf(p, "%2x", &v);
		code[n++] = (uint8_t)v;
	}
	make(rel(0xa000, 0x900c));
	put(table_mem, 0x81020000u | (uint32_t)code[0] << 8 | code[1]);
	for (int i = 0; i < 2; i++) {
		const uint8_t *c = code + 2 + 4 * i;

		put(table_mem + 4 + 4 * i, (uint32_t)c[0] << 24 | (uint32_t)c[1] << 16 |
					   (uint32_t)c[2] << 8 | c[3]);
	}
	return look(0x2010);
}

static void is_row(const char *hex, unsigned int base, int64_t cfa, unsigned int reg, int64_t off)
{
	int r = with(hex);

	if (!tap_ok(r == 0 && row.cfa_reg == base && row.cfa_off == cfa && (!reg || offset_of(reg) == off),
		    "%s: r%u+%lld, r%u at %lld", hex, base, (long long)cfa, reg, (long long)off))
		printf("#   %d: r%u+%lld, at %lld\n", r, row.cfa_reg, (long long)row.cfa_off,
		       (long long)offset_of(reg));
}

static void by_hand(void)
{
	make(0x80028400);
	tap_ok(look(0x1fff) == 1 && look(0x3000) == 1, "cannot unwind is no information");
	tap_ok(look(0xfff) == 1 && look(0x4000) == 1, "nor is what lies outside");
	tap_ok(look(0x2000) == 0 && row.func_lo == 0x2000 && row.func_hi == 0x3000 && row.cfa_reg == 13 &&
	       row.cfa_off == 16 && offset_of(14) == 12 && row.ra_reg == 14, "inline: vsp += 12, pop lr");
	make(0x81028400);
	tap_ok(look(0x2000) == -1, "inline with another model is damage");
	is_row("b0", 13, 0, 0, 0);
	is_row("3f", 13, 256, 0, 0);
	is_row("41a8", 13, 0, 14, -4);
	is_row("8408", 13, 8, 7, 0);
	is_row("8800", 13, 4, 15, 0);
	tap_ok(row.ra_reg == 15, "a popped pc is the return address");
	is_row("97a9", 7, 12, 14, 8);
	is_row("a3af", 13, 52, 11, 44);
	is_row("b10fa8", 13, 24, 3, 12);
	is_row("b2a7c201", 13, 100000, 0, 0);
	is_row("b381a8", 13, 28, 14, 24);
	is_row("b9a8", 13, 28, 4, 20);
	is_row("c981a8", 13, 24, 4, 16);
	is_row("c883a8", 13, 40, 4, 32);
	is_row("d1a8", 13, 24, 14, 20);
	tap_ok(with("8000") == 1, "it may refuse to be unwound");
	static const char *const bad[] = {"8200", "9d", "9f", "a397", "b100", "b110", "b4", "b6", "c0", "c6",
					  "ca", "d8", "e0", "ff", "b2ffffffffffffffff"};
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		tap_ok(with(bad[i]) == -1, "%s is not known", bad[i]);
	with("3f");
	put(table_mem, 0x8002a9b0);
	tap_ok(look(0x2000) == 0 && row.cfa_off == 24, "model 0 in the table");
	put(table_mem, rel(0x1234, 0xa000));
	put(table_mem + 4, 0x01b2a7c2);
	put(table_mem + 8, 0x01a8b0b0);
	tap_ok(look(0x2000) == 0 && row.cfa_off == 100008 && offset_of(14) == 100004, "a generic entry");
	put(table_mem, 0x83000000);
	tap_ok(look(0x2000) == -1, "model 3 is damage");
	make(rel(0xa000 + sizeof(table_mem) - 4, 0x900c));
	put(table_mem + sizeof(table_mem) - 4, 0x81010000);
	tap_ok(look(0x2000) == -1, "an entry that goes on behind the end is damage");
	make(rel(0xa000 + sizeof(table_mem), 0x900c));
	tap_ok(look(0x2000) == -1, "one that begins there too");
	make(rel(0x5000, 0x900c));
	tap_ok(look(0x2000) == -1, "one before the table too");
	hand.table = NULL;
	tap_ok(look(0x2000) == -1, "no table at all");
}

/* ---- a compiler's ---- */

struct object {
	uint8_t *file;
	size_t size;
	struct cfi_section df;
	struct exidx x;
	const Elf32_Rel *calls;
	size_t n_calls;
	uint64_t text_end;
};

static bool load(struct object *o, const char *path)
{
	const Elf32_Ehdr *eh;
	const Elf32_Shdr *sh;

	memset(o, 0, sizeof(*o));
	if (read_file(path, &o->file, &o->size))
		return false;
	eh = (const void *)o->file;
	sh = (const void *)(o->file + eh->e_shoff);
	for (int i = 0; i < eh->e_shnum; i++) {
		const char *name = (const char *)o->file + sh[eh->e_shstrndx].sh_offset + sh[i].sh_name;
		const uint8_t *p = o->file + sh[i].sh_offset;

		if (!strcmp(name, ".debug_frame")) {
			o->df = (struct cfi_section){.data = p, .size = sh[i].sh_size, .addr_size = 4,
						     .is_debug_frame = true};
		} else if (!strcmp(name, ".ARM.exidx")) {
			o->x.index = p;
			o->x.index_size = sh[i].sh_size;
			o->x.index_addr = sh[i].sh_addr;
		} else if (!strcmp(name, ".ARM.extab")) {
			o->x.table = p;
			o->x.table_size = sh[i].sh_size;
			o->x.table_addr = sh[i].sh_addr;
		} else if (!strcmp(name, ".rel.text")) {
			o->calls = (const void *)p;
			o->n_calls = sh[i].sh_size / sizeof(*o->calls);
		} else if (!strcmp(name, ".text")) {
			o->text_end = sh[i].sh_addr + sh[i].sh_size;
		}
	}
	return o->df.data && o->x.index && o->calls;
}

/* Where a row finds register @reg, with each register worth a number of its own; 0: as it was. */
static uint64_t place(const struct cfi_row *w, unsigned int reg)
{
	uint64_t cfa = 0x1000000ull * (w->cfa_reg + 1u) + (uint64_t)w->cfa_off;

	for (unsigned int i = 0; i < w->n_rules; i++) {
		const struct cfi_rule *r = &w->rules[i];

		if (r->reg == reg && r->kind == CFI_OFFSET)
			return cfa + (uint64_t)r->value;
		if (r->reg == reg && r->kind == CFI_REG_OFFSET)
			return 0x1000000ull * (r->base + 1u) + (uint64_t)r->value;
	}
	return 0;
}

static void compare(const struct object *o, const char *flags)
{
	size_t same = 0;
	uint64_t wrong = 0;

	for (size_t i = 0; i < o->n_calls && !wrong; i++) {
		unsigned int type = ELF32_R_TYPE(o->calls[i].r_info);
		uint64_t pc = o->calls[i].r_offset + 3;
		struct cfi_row a, b;
		struct cfi_fde f;

		if (type != R_ARM_THM_PC22 && type != R_ARM_CALL)
			continue;
		if (cfi_find(&o->df, NULL, 0, 0, pc, &f) || cfi_row(&o->df, &f, pc, &unw_arch_arm, &a) ||
		    exidx_row(&o->x, pc, o->text_end, &b) || a.cfa_expr_len) {
			wrong = pc;
			break;
		}
		if (0x1000000ull * (a.cfa_reg + 1u) + (uint64_t)a.cfa_off !=
		    0x1000000ull * (b.cfa_reg + 1u) + (uint64_t)b.cfa_off)
			wrong = pc;
		for (unsigned int r = 4; r < 15; r++)
			if (r != 13 && place(&a, r) != place(&b, r))
				wrong = pc;
		same++;
	}
	if (!tap_ok(!wrong && same > 15, "%s: both say the same at %zu calls", flags, same))
		printf("#   not at 0x%llx\n", (unsigned long long)wrong);
}

static const char source[] =
	"extern int use(void *, ...); extern int other(int); extern double dbl(double);\n"
	"int calls(int a) { return use(&a) + 1; }\n"
	"int many(int a, int b, int c, int d) { int s = 0; for (int i = 0; i < a; i++)"
	" s += use(&b, c, d, i) * use(&c, b, a) + other(s + i * d); return s; }\n"
	"int dynamic(int n) { char *p = __builtin_alloca(n); return use(p, n) + use(p); }\n"
	"int big(int n) { char b[100000]; return use(b) + n; }\n"
	"double fl(double a, double b) { for (int i = 0; i < 10; i++) a = dbl(a * b) * b + dbl(b) + other(i);"
	" return a * b; }\n"
	"int args(int n, ...) { __builtin_va_list p; __builtin_va_start(p, n); return use(&p) + other(n); }\n"
	"static void clean(int *p) { use(p, 1); }\n"
	"int cleaned(int n) { __attribute__((cleanup(clean))) int a = n; return use(&a) + other(n); }\n"
	"int early(int n) { if (n < 3) return n; if (n == 4) __builtin_abort(); return use(&n) + other(n); }\n";

static void by_compiler(void)
{
	static const char *const flags[] = {
		"-mthumb -O2", "-mthumb -O0", "-marm -O2", "-marm -O0", "-mthumb -Os -fexceptions",
		"-marm -O3 -fexceptions", "-mthumb -O2 -fno-omit-frame-pointer", "-marm -Os -fno-omit-frame-pointer",
	};
	char dir[] = "/tmp/exidx-XXXXXX", cmd[600], path[64];
	struct object o = {0};
	FILE *f;

	if (system("command -v arm-linux-gnueabihf-gcc >/dev/null 2>&1")) {
		tap_ok(true, "a compiler's tables # SKIP there is no arm-linux-gnueabihf-gcc");
		return;
	}
	if (!mkdtemp(dir))
		return;
	snprintf(path, sizeof(path), "%s/code.c", dir);
	f = fopen(path, "w");
	if (!f)
		return;
	fputs(source, f);
	fclose(f);
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
		snprintf(cmd, sizeof(cmd), "cd %s && arm-linux-gnueabihf-gcc %s -g -fPIC -funwind-tables -nostdlib "
			 "-shared -Wl,-q -o code.so code.c >log 2>&1", dir, flags[i]);
		snprintf(path, sizeof(path), "%s/code.so", dir);
		free(o.file);
		if (system(cmd) || !load(&o, path))
			tap_ok(false, "%s: compiled (see %s/log)", flags[i], dir);
		else
			compare(&o, flags[i]);
	}
	for (size_t i = 0, rows = 0; o.file && i < 8 * o.x.index_size; i++) {
		uint8_t *bad = xmemdup(o.x.index, o.x.index_size);
		struct exidx x = o.x;
		struct cfi_row w;

		bad[i / 8] ^= (uint8_t)(1u << i % 8);
		x.index = bad;
		for (uint64_t pc = 0; pc < o.text_end + 64; pc += 4)
			rows += exidx_row(&x, pc, o.text_end, &w) == 0;
		free(bad);
		if (i + 1 == 8 * o.x.index_size)
			tap_ok(rows > 0, "single bits changed: survived");
	}
	free(o.file);
	snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
	if (!tap_failed && system(cmd))
		printf("# %s is left\n", dir);
}

int main(void)
{
	by_hand();
	by_compiler();
	return tap_done();
}

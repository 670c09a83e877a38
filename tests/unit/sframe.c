// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * SFrame of each version, as the assemblers of Debian's suites write it, against .eh_frame of the very
 * same code: at each pc both must say the same of frame address, return address and frame pointer.
 */
#include "tap.h"
#include "unwind/expr.h"
#include "unwind/sframe.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[256];		/* where things are made */

struct object {
	uint8_t *file;
	size_t size;
	struct cfi_section eh;
	const uint8_t *sframe;
	size_t sframe_size;
	uint64_t sframe_addr;
};

static bool load(struct object *o, const char *path)
{
	const Elf64_Ehdr *eh;
	const Elf64_Shdr *sh;

	memset(o, 0, sizeof(*o));
	if (read_file(path, &o->file, &o->size))
		return false;
	eh = (const void *)o->file;
	sh = (const void *)(o->file + eh->e_shoff);
	for (int i = 0; i < eh->e_shnum; i++) {
		const char *name = (const char *)o->file + sh[eh->e_shstrndx].sh_offset + sh[i].sh_name;

		if (!strcmp(name, ".eh_frame"))
			o->eh = (struct cfi_section){
				.data = o->file + sh[i].sh_offset, .size = sh[i].sh_size,
				.addr = sh[i].sh_addr, .addr_size = 8,
			};
		if (!strcmp(name, ".sframe")) {
			o->sframe = o->file + sh[i].sh_offset;
			o->sframe_size = sh[i].sh_size;
			o->sframe_addr = sh[i].sh_addr;
		}
	}
	return o->eh.data && o->sframe;
}

/* Memory that has another word at each address: two rows agree only where they look at the same place. */
static int strange_mem(void *ctx, uint64_t addr, void *buf, size_t len)
{
	uint64_t v = addr * 0x9e3779b97f4a7c15ULL;

	memcpy(buf, &v, len);
	return 0;
}

struct result {
	uint64_t cfa, ra, fp;
	bool ra_known, fp_known;
};

static bool value(const struct cfi_row *row, const struct unw_regs *regs, unsigned int reg, uint64_t cfa,
		  uint64_t *ret, bool *known)
{
	struct unw_mem mem = {strange_mem, NULL};

	*ret = regs->r[reg];
	*known = unw_reg_ok(regs, reg);
	for (unsigned int i = 0; i < row->n_rules; i++) {
		const struct cfi_rule *r = &row->rules[i];

		if (r->reg != reg)
			continue;
		*known = r->kind != CFI_UNDEF;
		switch (r->kind) {
		case CFI_OFFSET: return !strange_mem(NULL, cfa + (uint64_t)r->value, ret, 8);
		case CFI_VAL_OFFSET: *ret = cfa + (uint64_t)r->value; return true;
		case CFI_REG: *ret = regs->r[r->value]; return true;
		case CFI_REG_OFFSET:
			return !strange_mem(NULL, regs->r[r->base] + (uint64_t)r->value, ret, 8);
		case CFI_EXPR:
			if (expr_eval(r->expr, r->expr_len, regs, &mem, 8, true, cfa, ret))
				return false;
			return !strange_mem(NULL, *ret, ret, 8);
		}
	}
	return true;
}

static bool evaluate(const struct unw_arch *arch, const struct cfi_row *row, uint64_t pc,
		     struct result *res)
{
	struct unw_mem mem = {strange_mem, NULL};
	struct unw_regs regs = {.valid = {0}};

	memset(res, 0, sizeof(*res));
	for (unsigned int i = 0; i < arch->n_regs; i++)
		unw_reg_set(&regs, i, 0x10000000ull * (i + 1));
	unw_reg_set(&regs, arch->pc_reg, pc);
	if (arch->ra_reg == arch->pc_reg)
		unw_reg_unset(&regs, arch->ra_reg);
	if (row->cfa_expr_len) {
		unw_reg_set(&regs, arch->pc_reg, pc);
		if (expr_eval(row->cfa_expr, row->cfa_expr_len, &regs, &mem, 8, false, 0, &res->cfa))
			return false;
	} else {
		res->cfa = regs.r[row->cfa_reg] + (uint64_t)row->cfa_off;
		if (row->cfa_deref)
			strange_mem(NULL, res->cfa, &res->cfa, 8);
	}
	return value(row, &regs, arch->ra_reg, res->cfa, &res->ra, &res->ra_known) &&
	       value(row, &regs, arch->fp_reg, res->cfa, &res->fp, &res->fp_known);
}

struct compare {
	const struct object *o;
	const struct unw_arch *arch;
	size_t same, absent, by_mask, flexible;
	uint64_t wrong_pc;
	const char *wrong;
};

static int compare_func(void *ctx, const struct cfi_fde *f)
{
	struct compare *c = ctx;
	const struct object *o = c->o;

	for (uint64_t pc = f->pc_begin; pc < f->pc_begin + f->pc_range && !c->wrong; pc++) {
		struct cfi_row a, b;
		struct result x, y;
		int r = sframe_row(o->sframe, o->sframe_size, o->sframe_addr, pc, c->arch, &b);

		if (r == 1) {
			c->absent++;
			continue;
		}
		c->wrong_pc = pc;
		if (r || cfi_row(&o->eh, f, pc, c->arch, &a)) {
			c->wrong = r ? "SFrame is damaged" : "CFI is damaged";
		} else if (a.ra_undef != b.ra_undef) {
			c->wrong = "one has no return address";
		} else if (a.ra_undef) {
			c->same++;
		} else if (!evaluate(c->arch, &a, pc, &x) || !evaluate(c->arch, &b, pc, &y)) {
			c->wrong = "a row cannot be evaluated";
		} else if (x.cfa != y.cfa) {
			c->wrong = "frame addresses differ";
		} else if (x.ra != y.ra || x.ra_known != y.ra_known) {
			c->wrong = "return addresses differ";
		} else if (x.fp != y.fp || x.fp_known != y.fp_known) {
			c->wrong = "frame pointers differ";
		} else {
			c->same++;
			c->by_mask += a.cfa_expr_len != 0;
			c->flexible += b.cfa_deref || (b.cfa_reg != c->arch->sp_reg && b.cfa_reg != c->arch->fp_reg);
		}
	}
	return 0;
}

static bool run(const char *fmt, ...)
{
	char cmd[2048];
	va_list ap;
	int n = snprintf(cmd, sizeof(cmd), "cd %s && exec >>log 2>&1 && ", dir);

	va_start(ap, fmt);
	vsnprintf(cmd + n, sizeof(cmd) - (size_t)n, fmt, ap);
	va_end(ap);
	return system(cmd) == 0;
}

/* Code with what makes rows: saved registers, alloca, realignment, many frames, tail calls, loops. */
static const char source[] =
	"extern int use(void *, ...); extern int other(int);\n"
	"int leaf(int a) { return a * 3; }\n"
	"int calls(int a) { return use(&a) + 1; }\n"
	"int many(int a, int b, int c, int d) { int s = 0; for (int i = 0; i < a; i++)"
	" s += use(&b, c, d, i) * use(&c, b, a) + other(s + i * d); return s; }\n"
	"int dynamic(int n) { char *p = __builtin_alloca(n); return use(p, n) + use(p); }\n"
	"int aligned(int n) { _Alignas(64) char b[200]; return use(b, n) + other(n); }\n"
	"int both(int n) { _Alignas(64) char b[200]; char *p = __builtin_alloca(n); return use(b, p) + n; }\n"
	"int big(int n) { char b[100000]; return use(b) + n; }\n"
	"int tail(int n) { return other(n + 1); }\n"
	"void never(int n) { use(&n); __builtin_trap(); }\n"
	"int table(int n) { switch (n) { case 0: return use(&n); case 1: return other(2); case 2:"
	" return use(0); case 3: return other(n) + 5; case 4: return use(&n, n); } return 0; }\n";

static struct object kept;	/* for the tests of damage */

/* Assembles and links with @as and @ld; compares. @version is what the assembler must have written. */
static void one(const char *label, const char *triplet, const char *as, const char *ld,
		const char *flags, const char *as_flags, const struct unw_arch *arch, unsigned int version)
{
	struct object o;
	struct compare c = {.o = &o, .arch = arch};
	char path[300];

	if (!run("%s-gcc %s -fPIC -S code.c -o code.s && %s %s code.s -o code.o && "
		 "%s -shared -z noseparate-code -o code.so code.o", triplet, flags, as, as_flags, ld)) {
		tap_ok(false, "%s %s: assembled and linked (see %s/log)", label, flags, dir);
		return;
	}
	snprintf(path, sizeof(path), "%s/code.so", dir);
	if (!load(&o, path)) {
		tap_ok(false, "%s %s: has both kinds of metadata", label, flags);
		return;
	}
	tap_ok(o.sframe[2] == version, "%s %s: version %u", label, flags, o.sframe[2]);
	cfi_for_each_fde(&o.eh, compare_func, &c);
	if (!tap_ok(!c.wrong && c.same > 500, "%s %s: %zu rows say the same (%zu not told, %zu in PLTs, %zu "
		    "of other bases)", label, flags, c.same, c.absent, c.by_mask, c.flexible))
		printf("#   at 0x%llx: %s\n", (unsigned long long)c.wrong_pc, c.wrong ? c.wrong : "too few");
	free(kept.file);
	kept = o;
}

static void suite(const char *build, const char *name, unsigned int version)
{
	static const struct {
		const char *triplet, *flags;
		const struct unw_arch *arch;
	} v[] = {
		{"x86_64-linux-gnu", "-O2", &unw_arch_x86_64},
		{"x86_64-linux-gnu", "-O0", &unw_arch_x86_64},
		{"x86_64-linux-gnu", "-O2 -fno-omit-frame-pointer -fcf-protection", &unw_arch_x86_64},
		{"aarch64-linux-gnu", "-O2", &unw_arch_aarch64},
		{"aarch64-linux-gnu", "-O0", &unw_arch_aarch64},
		{"aarch64-linux-gnu", "-O2 -mbranch-protection=standard", &unw_arch_aarch64},
		{"aarch64-linux-gnu", "-O2 -fomit-frame-pointer", &unw_arch_aarch64},
	};
	char pre[400] = "", as[600], ld[600], label[100], cmd[600];

	if (name) {
		snprintf(cmd, sizeof(cmd), "timeout 100 sh scripts/suite-binutils.sh %s/binutils-%s %s >%s/fetch "
			 "2>&1", build, name, name, dir);
		if (system(cmd)) {
			tap_ok(true, "binutils of Debian %s # SKIP they cannot be fetched from the archive", name);
			return;
		}
		snprintf(pre, sizeof(pre), "%s/binutils-%s/run ", build, name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(v); i++) {
		snprintf(cmd, sizeof(cmd), "command -v %s-gcc >/dev/null 2>&1", v[i].triplet);
		if (system(cmd)) {
			tap_ok(true, "%s # SKIP there is no %s-gcc", v[i].flags, v[i].triplet);
			continue;
		}
		snprintf(as, sizeof(as), "%s%s-as", pre, v[i].triplet);
		snprintf(ld, sizeof(ld), "%s%s-ld", pre, v[i].triplet);
		snprintf(label, sizeof(label), "%s %s", name ? name : "host", v[i].arch->name);
		one(label, v[i].triplet, as, ld, v[i].flags, "--gsframe", v[i].arch, version);
	}
}

/* Every byte of a real section changed and every end cut off: no crash, and no row from outside. */
static void damage(void)
{
	const struct unw_arch *arch = &unw_arch_aarch64;
	uint64_t rows = 0, tried = 0;
	struct cfi_row row;

	if (!kept.sframe)
		return;
	for (size_t n = 0; n <= kept.sframe_size; n++) {
		uint8_t *cut = xmemdup(kept.sframe, n);

		for (uint64_t pc = 0x1000; pc < 0x1400; pc += 64)
			rows += sframe_row(cut, n, kept.sframe_addr, pc, arch, &row) == 0;
		free(cut);
	}
	for (size_t i = 0; i < kept.sframe_size; i++) {
		uint8_t *bad = xmemdup(kept.sframe, kept.sframe_size);

		for (unsigned int bit = 0; bit < 8; bit++, tried++) {
			bad[i] ^= (uint8_t)(1u << bit);
			for (uint64_t pc = 0; pc < 0x2000; pc += 256)
				rows += sframe_row(bad, kept.sframe_size, kept.sframe_addr, pc, arch, &row) == 0;
			bad[i] ^= (uint8_t)(1u << bit);
		}
		free(bad);
	}
	tap_ok(tried > 1000, "%llu changes of single bits are survived", (unsigned long long)tried);
}

static void refusals(void)
{
	uint8_t h[28] = {0xe2, 0xde, 2, 0, 3};
	struct cfi_row row;

	tap_eq_str(sframe_refusal(h, 28, &unw_arch_x86_64), NULL, "a header that is good");
	tap_ok(sframe_row(h, 28, 0, 0x1000, &unw_arch_x86_64, &row) == 1, "and has no functions");
	tap_eq_str(sframe_refusal(h, 27, &unw_arch_x86_64), "it is shorter than its header", "cut short");
	tap_eq_str(sframe_refusal(h, 28, &unw_arch_aarch64), "it is for another architecture",
		   "of another architecture");
	tap_eq_str(sframe_refusal(h, 28, &unw_arch_ppc64le), "it is for another architecture",
		   "for one that has no SFrame");
	h[2] = 4;
	tap_eq_str(sframe_refusal(h, 28, &unw_arch_x86_64), "its version is none of 1, 2 and 3", "version 4");
	tap_ok(sframe_row(h, 28, 0, 0x1000, &unw_arch_x86_64, &row) == -1, "gives no rows");
	memcpy(h, (uint8_t[]){0xde, 0xe2, 3, 0, 4}, 5);
	tap_eq_str(sframe_refusal(h, 28, &unw_arch_x86_64), "it is for s390x", "s390x is refused by name");
	h[0] = 0x7f;
	tap_eq_str(sframe_refusal(h, 28, &unw_arch_x86_64), "it does not begin like an SFrame section",
		   "something else");
}

int main(int argc, char **argv)
{
	char build[200], path[300];
	FILE *f;

	/* build/tests/unit/sframe -> build */
	snprintf(build, sizeof(build), "%s", argv[0]);
	for (int i = 0; i < 3 && strrchr(build, '/'); i++)
		*strrchr(build, '/') = '\0';
	if (!realpath(build, path))
		return 1;
	snprintf(build, sizeof(build), "%.199s", path);
	snprintf(dir, sizeof(dir), "/tmp/sframe-XXXXXX");
	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/code.c", dir);
	f = fopen(path, "w");
	if (!f)
		return 1;
	fputs(source, f);
	fclose(f);
	refusals();
	suite(build, NULL, 1);
	suite(build, "trixie", 2);
	suite(build, "sid", 3);
	damage();
	free(kept.file);
	if (!tap_failed && chdir("/") == 0) {
		char cmd[300];

		snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
		if (system(cmd))
			printf("# %s is left\n", dir);
	}
	return tap_done();
}

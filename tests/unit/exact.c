// SPDX-License-Identifier: GPL-2.0-or-later
/* Whose tables describe each instruction: all of GCC's, and of LLVM's none that has a frame. */
#include "elf/elfobj.h"
#include "tap.h"
#include "unwind/exact.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char source[] =
	"extern int use(void *, ...); extern int other(int); extern double dbl(double);\n"
	"int calls(int a) { return use(&a) + 1; }\n"
	"int many(int a, int b, int c, int d) { int s = 0; for (int i = 0; i < a; i++)"
	" s += use(&b, c, d, i, a, b, c, d, s, i, a) * use(&c, b, a) + other(s + i * d); return s; }\n"
	"int dynamic(int n) { char *p = __builtin_alloca(n); return use(p, n) + use(p); }\n"
	"int big(int n) { char b[100000]; return use(b) + n; }\n"
	"double fl(double a, double b) { for (int i = 0; i < 10; i++) a = dbl(a * b) * b + dbl(b) + other(i);"
	" return a * b; }\n"
	"int early(int n) { if (n < 3) return n; if (n == 4) __builtin_abort(); return use(&n) + other(n); }\n";

struct look {
	const struct unw_arch *arch;
	struct elf_obj *o;
	struct cfi_section sec;
	const struct cfi_fde *fde;
	size_t n, exact;
};

static int read_mem(void *ctx, uint64_t addr, void *buf, size_t len)
{
	const uint8_t *p = elf_obj_at(((struct look *)ctx)->o, addr, len);

	if (p)
		memcpy(buf, p, len);
	return p ? 0 : -1;
}

static int row_at(void *ctx, uint64_t pc, struct cfi_row *row)
{
	struct look *l = ctx;

	return cfi_row(&l->sec, l->fde, pc, l->arch, row);
}

static int each(void *ctx, const struct cfi_fde *f)
{
	struct look *l = ctx;
	struct unw_mem mem = {read_mem, l};

	l->fde = f;
	l->n++;
	l->exact += exact_table(l->arch, &mem, f->pc_begin, f->pc_begin + f->pc_range, row_at, l);
	return 0;
}

static char dir[] = "/tmp/exact-XXXXXX";

static bool compile(const char *compiler, const char *flags, const char *linker)
{
	char cmd[400];

	snprintf(cmd, sizeof(cmd), "cd %s && %s %s -fasynchronous-unwind-tables -fPIC -c -o code.o code.c >log 2>&1 && "
		 "%s -nostdlib -shared -o code.so code.o >>log 2>&1", dir, compiler, flags, linker);
	return !system(cmd);
}

static void look(const struct unw_arch *arch, const char *what, bool gcc)
{
	struct look l = {.arch = arch};
	struct sut_err err = {0};
	const struct elf_sec *s;
	char path[64];

	snprintf(path, sizeof(path), "%s/code.so", dir);
	l.o = elf_obj_open(path, &err);
	s = l.o ? elf_obj_sec(l.o, ".eh_frame") : NULL;
	if (s) {
		l.sec = (struct cfi_section){.data = s->data, .size = s->size, .addr = s->addr, .addr_size = 8};
		cfi_for_each_fde(&l.sec, each, &l);
	}
	/* What the linker adds of its own, for linkage stubs, has no frame. */
	if (gcc)
		tap_ok(l.n >= 6 && l.exact == l.n, "%s %s: all %zu are exact", arch->name, what, l.n);
	else
		tap_ok(l.n >= 6 && l.exact <= l.n - 6, "%s %s: %zu of %zu are not", arch->name, what,
		       l.n - l.exact, l.n);
	elf_obj_free(l.o);
	sut_err_free(&err);
}

static void compilers(const struct unw_arch *arch, const char *triplet)
{
	static const char *const flags[] = {
		"-O0", "-O1", "-O2", "-Os", "-O3", "-O2 -fno-omit-frame-pointer", "-O2 -fomit-frame-pointer",
		"-O2 -fstack-clash-protection", "-O2 -fno-shrink-wrap", "-Os -fexceptions",
	};
	char gcc[64], clang[80], cmd[120];

	snprintf(gcc, sizeof(gcc), "%s-gcc", triplet);
	snprintf(cmd, sizeof(cmd), "command -v %s >/dev/null 2>&1", gcc);
	if (system(cmd)) {
		tap_ok(true, "%s # SKIP there is no %s", arch->name, gcc);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(flags); i++)
		if (tap_ok(compile(gcc, flags[i], gcc), "%s compiles %s", gcc, flags[i]))
			look(arch, flags[i], true);
	/* Newer versions for arm64 describe everything. */
	snprintf(clang, sizeof(clang), "clang-14 --target=%s", triplet);
	if (system("command -v clang-14 >/dev/null 2>&1") || !compile(clang, "-O2", gcc))
		tap_ok(true, "%s # SKIP there is no %s", arch->name, clang);
	else
		look(arch, "by LLVM", false);
}

int main(void)
{
	char path[64];

	if (!mkdtemp(dir))
		return 1;
	snprintf(path, sizeof(path), "%s/code.c", dir);
	write_file(path, source, strlen(source));
	compilers(&unw_arch_aarch64, "aarch64-linux-gnu");
	compilers(&unw_arch_ppc64le, "powerpc64le-linux-gnu");
	compilers(&unw_arch_riscv64, "riscv64-linux-gnu");
	if (!tap_failed)
		remove_tree(dir);
	return tap_done();
}

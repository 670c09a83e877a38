// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes a random program, and the same program with most of its functions changed.
 *
 *   gen SEED FUNCTIONS FOLDER [EXCLUDE]
 *
 * FOLDER/src is the program (four units, a shared library, a driver in main.c), FOLDER/new what the patch
 * makes of it; the patch is the difference of the two. EXCLUDE has names of functions, one a line, that
 * suture refuses to redirect: they stay as they are, and if they are named twice, what they call does
 * too (it is inlined into them). FOLDER/src does not depend on it. FOLDER/counts tells how many functions
 * there are, and how many the patch edits.
 *
 * The same arguments always give the same files. What is not generated: setjmp, signal handlers, new
 * thread-local variables (refused) and changed signatures.
 */
#include "gen.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const files[PLACES] = { "u0.c", "u1.c", "u2.c", "u3.c", "librnd.c", "help_a.h", "help_b.h" };

void emit_state(FILE *o, int u)
{
	fprintf(o, "// Generated.\n#include \"protos.h\"\n#include \"%s\"\n\n", files[u < 2 ? HEAD_A : HEAD_B]);
	fprintf(o, "uint32_t glob_%d[4] = { 1, 20, 300, 4000 };\n__thread uint32_t tglob_%d = 5;\n", u, u);
	fprintf(o, "static uint32_t state[4] = { %d, 5, 6, 7 };\nstatic uint16_t tiny;\n"
		"static double ratio = %d.5;\nstatic const char *label = \"label %d\";\n"
		"static __thread uint64_t own_tls[2] = { 4, %d };\n", u, u, u, u);
	if (u == LIB)
		fprintf(o, "uint32_t epoch;\n__thread uint32_t tls_epoch, cells[8];\nt_cb callbacks[4];\n");
	for (int i = 0; i < n_funcs; i++)
		if (funcs[i].local && funcs[i].place == u) {
			fprintf(o, "static ");
			emit_prototype(o, &funcs[i], "fn");
		}
	for (int writable = 0; writable < 2; writable++) {
		fprintf(o, "static t_cb %s[%d] = {", writable ? "opv" : "const ops", CALLBACKS);
		for (int i = 0; i < CALLBACKS; i++)
			fprintf(o, " fn_%03d,", callback_of(u, i ^ writable)->id);
		fprintf(o, " };\n");
	}
	fputc('\n', o);
}

void emit_state_end(FILE *o, int u)
{
	fprintf(o, "void reset_%d(void)\n{\n\tfor (uint32_t i = 0; i < 4; i++) {\n"
		"\t\tstate[i] = i * 3 + 1;\n\t\tglob_%d[i] = i + 7;\n\t\topv[i] = ops[i ^ 2];\n\t}\n"
		"\ttiny = 3;\n\tratio = 0.5;\n\tlabel = \"reset %d\";\n}\n\n", u, u, u);
	fprintf(o, "void reset_tls_%d(void)\n{\n\ttglob_%d = 8;\n\town_tls[0] = 6;\n\town_tls[1] = 60;\n}\n\n",
		u, u);
	fprintf(o, "uint64_t sum_state_%d(void)\n{\n\tuint64_t h = tiny;\n\n"
		"\tfor (uint32_t i = 0; i < 4; i++)\n\t\th = mix(h, state[i] + 3ull * glob_%d[i]);\n"
		"\tfor (uint32_t i = 0; i < 4; i++)\n\t\th = mix(h, opv[i] == ops[0]);\n"
		"\treturn mix(h, sum_f64(ratio) + sum_str(label));\n}\n\n", u, u);
	/*
	 * What needs the compiler's own library in each object, and its place known in each unit: a linker
	 * would bring it along for new code, and suture does not. The same goes for the library's
	 * thread-local variables, whose place only code tells. And an array of which all indexes are constants in
	 * one version alone: clang makes one variable of each element there, which nothing can pair.
	 */
	fprintf(o, "uint64_t anchor_%d(uint64_t h)\n{\n\tt_i128 w = mk_i128(h);\n\tlong double l = mk_ld(h ^ %d);\n\n"
		"\tw = w * (w / (h | 1)) + w %% (h | 3) + (w >> (h & 63)) + (w << (h & 31));\n"
		"\tl = (l * l + 3) / (l - 0.25L) - 7;\n\tif (l > 5 || l < -1000)\n\t\tl = 4;\n"
		"\treturn sum_i128(w) + sum_ld(l) + h / (h >> 32 | 1) + h %% (h >> 16 | 1) +\n"
		"\t       (uint64_t)((int64_t)h / (int32_t)((uint32_t)h >> 1 | 1)) + (uint64_t)(int64_t)mk_f64(h) +\n"
		"\t       sum_f64((double)(int64_t)(h >> 9)) + (uint32_t)h / ((uint32_t)(h >> 32) | 1) + tglob_%d +\n"
		"\t       state[h & 3];\n}\n\n", u, u, LIB);
	fprintf(o, "uint64_t sum_tls_%d(void)\n{\n\treturn mix(own_tls[0], own_tls[1] + tglob_%d);\n}\n", u, u);
}

void emit_driver(FILE *o)
{
	int n = 0;

	fprintf(o, "// Generated.\n#include \"protos.h\"\n#include \"driver.h\"\n\n");
	for (int i = 0; i < n_funcs; i++) {
		struct func *f = &funcs[i];
		struct rnd r = rnd_for((uint64_t)i, 7);
		char *text = NULL, *p;
		size_t size;
		FILE *t;

		if (f->place >= HEAD_A || (f->local && !f->wrapped))
			continue;
		t = open_memstream(&text, &size);
		emit_call(t, NULL, f, &r, "s");
		fclose(t);
		fprintf(o, "static uint64_t line_%03d(uint64_t s)\n{\n", i);
		p = strstr(text, "fn_");
		if (f->wrapped)
			memcpy(p, "wr", 2);
		fprintf(o, "\treturn %s;\n}\n\n", text);
		if (f->alias) {
			memcpy(p, "al", 2);
			fprintf(o, "static uint64_t line_al_%03d(uint64_t s)\n{\n\treturn %s;\n}\n\n", i, text);
		}
		free(text);
	}
	fprintf(o, "const struct line lines[] = {\n");
	for (int i = 0; i < n_funcs; i++) {
		struct func *f = &funcs[i];
		const char *flags = f->form == KEEPER ? "KEEPER" : f->shared ? "SHARED" : "0";

		if (f->place >= HEAD_A || (f->local && !f->wrapped))
			continue;
		for (int a = 0; a <= f->alias; a++, n++)
			fprintf(o, "\t{ \"%s_%03d\", line_%s%03d, %s%s },\n", a ? "al" : f->wrapped ? "wr" : "fn",
				i, a ? "al_" : "", i, flags, f->mixed ? " | MIXED" : "");
	}
	fprintf(o, "};\nconst int n_lines = %d;\n\nvoid set_callbacks(void)\n{\n", n);
	for (int i = 0; i < CALLBACKS; i++)
		fprintf(o, "\tcallbacks[%d] = fn_%03d;\n", i, callback_of(i, 0)->id);
	fprintf(o, "}\n");
}

/* Functions that only the new version has, for all units to call. */
static void emit_new(FILE *o, int u)
{
	fprintf(o, "\nuint64_t nx_%d(uint64_t h, double d)\n{\n\tstatic uint32_t times, when;\n\n"
		"\tif (when != epoch) {\n\t\twhen = epoch;\n\t\ttimes = 0;\n\t}\n\ttimes++;\n"
		"\treturn mix(h, sum_f64(d * %d.5) + times + state[3]);\n}\n", u, u + 2);
}

static void emit_prototypes(FILE *o, enum version v)
{
	fprintf(o, "/* Generated. */\n#include \"vals.h\"\n\n");
	for (int i = 0; i < n_funcs; i++) {
		struct func *f = &funcs[i];

		if (!f->local)
			emit_prototype(o, f, "fn");
		if (f->wrapped)
			emit_prototype(o, f, "wr");
		if (f->alias)
			emit_prototype(o, f, "al");
	}
	for (int u = 0; u < UNITS; u++) {
		fprintf(o, "extern uint32_t glob_%d[4];\nextern __thread uint32_t tglob_%d;\n", u, u);
		fprintf(o, "void reset_%d(void);\nvoid reset_tls_%d(void);\nuint64_t sum_state_%d(void);\n"
			"uint64_t sum_tls_%d(void);\nuint64_t anchor_%d(uint64_t h);\n", u, u, u, u, u);
		if (v == NEW)
			fprintf(o, "uint64_t nx_%d(uint64_t h, double d);\n", u);
	}
}

static FILE *create(const char *folder, const char *tree, const char *name)
{
	char path[512];
	FILE *o;

	snprintf(path, sizeof(path), "%s/%s/%s", folder, tree, name);
	o = fopen(path, "w");
	if (!o) {
		perror(path);
		exit(1);
	}
	return o;
}

static void write_tree(const char *folder, enum version v)
{
	const char *tree = v == NEW ? "new" : "src";
	char path[512];
	FILE *o;

	snprintf(path, sizeof(path), "%s/%s", folder, tree);
	if (mkdir(path, 0777) && errno != EEXIST) {
		perror(path);
		exit(1);
	}
	for (int p = 0; p < PLACES; p++) {
		o = create(folder, tree, files[p]);
		if (p < HEAD_A)
			emit_state(o, p);
		for (int i = 0; i < n_funcs; i++)
			if (funcs[i].place == p)
				emit_func(o, &funcs[i], v);
		if (p < HEAD_A)
			emit_state_end(o, p);
		if (p < HEAD_A && v == NEW)
			emit_new(o, p);
		fclose(o);
	}
	o = create(folder, tree, "protos.h");
	emit_prototypes(o, v);
	fclose(o);
	o = create(folder, tree, "main.c");
	emit_driver(o);
	fclose(o);
}

int main(int argc, char **argv)
{
	int n = argc > 2 ? atoi(argv[2]) : 0, edited = 0;
	FILE *o;

	if (argc < 4 || argc > 5 || n < UNITS * (CALLBACKS + 1) || n > MAX_FUNCS) {
		fprintf(stderr, "usage: gen SEED FUNCTIONS FOLDER [EXCLUDE]\n");
		return 2;
	}
	seed = strtoull(argv[1], NULL, 0);
	plan_funcs(n);
	/* Once for nothing, as writing tells who calls whom. */
	o = fopen("/dev/null", "w");
	for (int i = 0; o && i < n; i++)
		emit_func(o, &funcs[i], OLD);
	plan_called();
	for (int i = 0; o && i < n; i++)
		emit_func(o, &funcs[i], NEW);
	if (!o || fclose(o) || (argc == 5 && !plan_exclude(argv[4])))
		return 1;
	plan_calls();
	write_tree(argv[3], OLD);
	write_tree(argv[3], NEW);
	for (int i = 0; i < n; i++)
		edited += funcs[i].edit != KEEP;
	o = create(argv[3], ".", "counts");
	fprintf(o, "functions=%d edited=%d\n", n, edited);
	return fclose(o) != 0;
}

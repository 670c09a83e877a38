// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The text of functions. A function computes h, 64 bits that depend on all its arguments, statement by
 * statement, and returns a value made of it. Each statement draws from a stream of random numbers of its
 * own, so that in the two versions of a function the same statement has the same text, or, where the
 * patch edits it, the same text with other constants.
 */
#include "gen.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

struct body {
	FILE *o, *before;	/* what stands before the function goes to the second */
	struct func *f;
	struct rnd r;
	bool alt;		/* constants of the new version */
	int n;			/* of the statement */
};

static uint32_t konst(struct body *b)
{
	uint32_t k = (uint32_t)(rnd_next(&b->r) >> 20) | 1;

	return b->alt ? k ^ 0x5a5a5 : k;
}

/* Writes @text with %K a constant, %N the number of the statement, %F of the function, %U of the unit,
 * %D a small number. */
static void say(struct body *b, FILE *o, const char *text)
{
	for (; *text; text++) {
		if (*text != '%') {
			fputc(*text, o);
			continue;
		}
		switch (*++text) {
		case 'K': fprintf(o, "%#xu", konst(b)); break;
		case 'N': fprintf(o, "%d", b->n); break;
		case 'F': fprintf(o, "%03d", b->f->id); break;
		case 'U': fprintf(o, "%d", b->f->place); break;
		case 'D': fprintf(o, "%d", 2 + rnd_below(&b->r, 6)); break;
		default: fprintf(o, *text == '%' ? "%%" : "%%%c", *text);
		}
	}
}

static void state(struct body *b, const char *text)
{
	say(b, b->o, text);
}

static void signature(FILE *o, const struct func *f, const char *prefix)
{
	if (f->ret == NONE)
		fprintf(o, "void %s_%03d(", prefix, f->id);
	else
		fprintf(o, "t_%s %s_%03d(", types[f->ret], prefix, f->id);
	for (int i = 0; i < f->params; i++)
		fprintf(o, "%st_%s p%d", i ? ", " : "", types[f->param[i]], i);
	fprintf(o, "%s)", f->form == VARIADIC ? ", ..." : f->params ? "" : "void");
}

void emit_prototype(FILE *o, const struct func *f, const char *prefix)
{
	signature(o, f, prefix);
	fprintf(o, ";\n");
}

/* A call of @g that is a number of 64 bits; @h is what its arguments are made of. */
static void arguments(FILE *o, const struct func *f, const struct func *g, struct rnd *r, const char *h)
{
	static const struct {
		char c;
		const char *type;
	} extra[] = { { 'i', "i32" }, { 'q', "i64" }, { 'd', "f64" }, { 's', "str" }, { 'b', "b12" },
		{ 'p', "s_dd" }, { 'l', "ld" }, { 'B', "b40" } };

	fprintf(o, "fn_%03d(", g->id);
	for (int i = 0; g->form != VARIADIC && i < g->params; i++) {
		int own = -1;

		for (int k = 0; f && k < f->params; k++)
			if (f->param[k] == g->param[i])
				own = k;
		fprintf(o, "%s", i ? ", " : "");
		if (f == g && i == 0)
			fprintf(o, "p0");	/* what recursion ends by */
		else if (own >= 0 && rnd_chance(r, 50))
			fprintf(o, "p%d", own);
		else
			fprintf(o, "mk_%s(mix(%s, %d))", types[g->param[i]], h, i);
	}
	if (g->form == VARIADIC) {
		int n = rnd_below(r, 14), which[14];

		for (int i = 0; i < n; i++)
			which[i] = rnd_below(r, 8);
		fputc('"', o);
		for (int i = 0; i < n; i++)
			fputc(extra[which[i]].c, o);
		fputc('"', o);
		for (int i = 0; i < n; i++)
			fprintf(o, ", mk_%s(mix(%s, %d))", extra[which[i]].type, h, i);
	}
	fputc(')', o);
}

void emit_call(FILE *o, struct func *f, struct func *g, struct rnd *r, const char *h)
{
	if (f)
		f->calls[g->id] = true;
	if (g->ret == NONE) {
		fputc('(', o);
		arguments(o, f, g, r, h);
		fprintf(o, ", %d)", g->id);
	} else {
		fprintf(o, "sum_%s(", types[g->ret]);
		arguments(o, f, g, r, h);
		fputc(')', o);
	}
}

/* Somebody to call, of the type @ret where that is not NONE, or NULL. */
static struct func *callee(struct body *b, int ret)
{
	int start = rnd_below(&b->r, n_funcs);
	bool near = rnd_chance(&b->r, 60);

	for (int pass = 0; pass < 2; pass++) {
		for (int i = 0; i < n_funcs; i++) {
			struct func *g = &funcs[(start + i) % n_funcs];

			if (can_call(b->f, g) && (ret == NONE || g->ret == ret) &&
			    (pass || !near || (g->place == b->f->place && g->local)))
				return g;
		}
	}
	return NULL;
}

static void calls_callbacks(struct body *b)
{
	for (int i = 0; i < CALLBACKS; i++)
		b->f->calls[callback_of(i, 0)->id] = true;
}

static void use_param(struct body *b, int i)
{
	const char *t = types[b->f->param[i]];
	char text[400];

	if (!strcmp(t, "ptr") && rnd_chance(&b->r, 60)) {
		snprintf(text, sizeof(text), "\t*p%d += (uint32_t)h ^ %%K;\n\th = mix(h, sum_ptr(p%d));\n",
			 i, i);
	} else if (!strcmp(t, "cb") && b->f->level > 0) {
		calls_callbacks(b);
		snprintf(text, sizeof(text), "\th = mix(h, p%d((uint32_t)h ^ %%K) + sum_cb(p%d));\n", i, i);
	} else if (!strcmp(t, "str") && rnd_chance(&b->r, 50)) {
		snprintf(text, sizeof(text), "\th += strlen(p%d) * %%K + (strchr(p%d, 'e') != NULL);\n", i, i);
	} else if ((t[0] == 'f' || !strcmp(t, "ld")) && rnd_chance(&b->r, 60)) {
		snprintf(text, sizeof(text), "\tif (p%d > 3)\n\t\tp%d = p%d * 1.5f + %%D;\n"
			 "\th = mix(h, sum_%s(p%d / %%D.0f));\n", i, i, i, t, i);
	} else if (t[0] == 'v' && rnd_chance(&b->r, 60)) {
		snprintf(text, sizeof(text), "\tp%d = p%d * %%D + p%d;\n\th = mix(h, sum_%s(p%d));\n",
			 i, i, i, t, i);
	} else if ((t[0] == 'i' || t[0] == 'u') && strcmp(t, "u_dq") && rnd_chance(&b->r, 60)) {
		snprintf(text, sizeof(text), "\th %s= (uint64_t)p%d * %%K;\n\tif (p%d > 100)\n\t\th += %%K;\n",
			 rnd_chance(&b->r, 50) ? "+" : "^", i, i);
	} else {
		snprintf(text, sizeof(text), "\th = mix(h, sum_%s(p%d));\n", t, i);
	}
	state(b, text);
}

static void a_switch(struct body *b)
{
	static const char *const arms[] = { "h += %K;", "h ^= h >> %D;", "h = h * %K + 1;", "h = ~h;",
		"h = mix(h, %K);", "h -= h >> 9;", "h = h << %D | h >> 50;" };
	int n = 3 + rnd_below(&b->r, 14);

	fprintf(b->o, "\tswitch (h >> 5 & %d) {\n", n > 7 ? 15 : 7);
	for (int i = 0; i < n; i++) {
		fprintf(b->o, "\tcase %d:\n\t\t", i);
		state(b, arms[rnd_below(&b->r, 7)]);
		fprintf(b->o, "\n%s", rnd_chance(&b->r, 15) ? "" : "\t\tbreak;\n");
	}
	state(b, "\tdefault:\n\t\th += %K;\n\t}\n");
}

static void a_call(struct body *b)
{
	struct func *g = callee(b, NONE);

	if (!g) {
		state(b, "\th = mix(h, %K);\n");
		return;
	}
	state(b, "\tif ((h & 7) != (%K & 7))\n\t\th = mix(h, ");
	emit_call(b->o, b->f, g, &b->r, "h");
	fprintf(b->o, ");\n");
}

static void a_table_call(struct body *b, bool writable)
{
	if (b->f->level == 0) {
		state(b, "\th = mix(h, %K);\n");
		return;
	}
	for (int i = 0; i < CALLBACKS; i++)
		b->f->calls[callback_of(b->f->place, i)->id] = true;
	if (writable) {
		b->f->shared = true;
		state(b, "\topv[%K & 3] = ops[h & 3];\n\th = mix(h, opv[%K & 3]((uint32_t)h));\n");
	} else {
		state(b, "\th = mix(h, ops[h >> 4 & 3]((uint32_t)h ^ %K) + (ops[h & 1] == ops[0]));\n");
	}
}

/* Kinds of statement; those of the first line need nothing of the unit. */
enum kind {
	ARITH, BRANCH, LOOPS, SWITCH, STRING, FLOATS, TABLE, DIVIDE, WIDE, PURE,
	CALL = PURE, CALL_2, CALL_3, OPS, OPV, S_LOCAL, S_FILE, S_MORE, S_TEXT, TLS, TLS_FAR, TLS_LOCAL, AREA,
	ALLOCA, VECTOR, SORT, LIBC, LABELS, COPY, LONG_DOUBLE, DATA, KINDS,
	NEW_FUNC = KINDS, NEW_FAR, NEW_LIBC, ALL_KINDS
};

static void a_statement(struct body *b, enum kind k)
{
	struct func *f = b->f;
	int far;

	switch (k) {
	case ARITH:
		state(b, "\th = h * %K + (h >> 13);\n\th ^= %K;\n");
		break;
	case BRANCH:
		state(b, "\tif (h & 1 << %D) {\n\t\th += %K;\n\t} else if (h % 10 > %D) {\n"
			"\t\th = mix(h, %K);\n\t}\n");
		break;
	case LOOPS:
		state(b, "\tfor (uint32_t i = 0; i <= (h & %D); i++)\n\t\th = h * %K + i;\n");
		break;
	case SWITCH:
		a_switch(b);
		break;
	case STRING:
		state(b, "\th = mix(h, sum_str(h & 4 ? \"text %K of %F\" : \"%K\"));\n");
		break;
	case FLOATS:
		state(b, "\t{\n\t\tdouble d = mk_f64(h) * %D.25 + %D.5;\n\n\t\tif (d < 100000.0)\n"
			"\t\t\td = d / %D.0 - 3.75;\n\t\th = mix(h, sum_f64(d));\n"
			"\t\th += sum_f32((float)d * %D.5f);\n\t\tif (d < 1e9 && d > -1e9)\n"
			"\t\t\th += (uint64_t)(int64_t)d;\n\t}\n");
		break;
	case TABLE:
		state(b, "\t{\n\t\tstatic const uint32_t table[8] = { %K, %K, %K, 4, %K, 6, 7, %K };\n\n"
			"\t\th = mix(h, table[h >> 3 & 7]);\n\t}\n");
		break;
	case DIVIDE:
		state(b, "\th += h / (%K | h >> 40) + (uint32_t)(h >> 7) % (uint32_t)(%K | 16);\n"
			"\th ^= (uint64_t)((int64_t)h / (int64_t)%K);\n");
		break;
	case WIDE:
		state(b, "\t{\n\t\tt_i128 w = mk_i128(h) * %K + 5;\n\n\t\tw = w / %K ^ w >> %D;\n"
			"\t\th = mix(h, sum_i128(w));\n\t}\n");
		break;
	case CALL:
	case CALL_2:
	case CALL_3:
		a_call(b);
		break;
	case OPS:
	case OPV:
		a_table_call(b, k == OPV);
		break;
	case S_LOCAL:
		f->shared = true;
		fprintf(b->o, "\t{\n\t\tstatic uint32_t seen_%d = 7, when_%d;\n\n", b->n, b->n);
		state(b, "\t\tif (when_%N != epoch) {\n\t\t\twhen_%N = epoch;\n\t\t\tseen_%N = 11;\n\t\t}\n"
			"\t\tseen_%N = seen_%N * 5 + ((uint32_t)h ^ %K);\n\t\th = mix(h, seen_%N);\n\t}\n");
		break;
	case S_FILE:
		f->shared = true;
		state(b, "\tstate[h & 3] += %K;\n\th = mix(h, state[h >> 2 & 3] + state[1]);\n");
		break;
	case S_MORE:
		f->shared = true;
		state(b, "\ttiny += (uint16_t)%K;\n\tratio = ratio * 0.5 + tiny;\n"
			"\th = mix(h, sum_f64(ratio) + glob_%U[h & 3]++);\n");
		break;
	case S_TEXT:
		f->shared = true;
		state(b, "\th = mix(h, sum_str(label));\n\tif (h & 8)\n\t\tlabel = \"of %F, %K\";\n");
		break;
	case TLS:
		state(b, "\town_tls[h & 1] += %K;\n\th = mix(h, own_tls[0] ^ tglob_%U);\n");
		break;
	case TLS_FAR:
		far = f->place == LIB ? LIB : rnd_below(&b->r, UNITS);
		fprintf(b->o, "\ttglob_%d = tglob_%d * 3 + (uint32_t)h;\n", far, far);
		state(b, "\th = mix(h, cells[h & 7] ^ %K);\n");
		break;
	case TLS_LOCAL:
		state(b, "\t{\n\t\tstatic __thread uint32_t mine_%N, when_%N;\n\n"
			"\t\tif (when_%N != tls_epoch) {\n\t\t\twhen_%N = tls_epoch;\n\t\t\tmine_%N = 3;\n"
			"\t\t}\n\t\tmine_%N = mine_%N * 7 + %K;\n\t\th = mix(h, mine_%N);\n\t}\n");
		break;
	case AREA:
		state(b, "\t{\n\t\tuint32_t n = 3 + (h & 15), area[n];\n\n\t\tfor (uint32_t i = 0; i < n; i++)\n"
			"\t\t\tarea[i] = (uint32_t)h * i + %K;\n\t\th = mix(h, area[n - 2] ^ area[h % n]);\n\t}\n");
		break;
	case ALLOCA:
		state(b, "\t{\n\t\tuint32_t n = 9 + (h & 63);\n\t\tuint8_t *p = alloca(n);\n\n"
			"\t\tmemset(p, (int)(h & 0x7f), n);\n\t\tp[n - 3] ^= (uint8_t)%K;\n"
			"\t\th = mix(h, p[n - 3] + p[h % n] * 3u);\n\t}\n");
		break;
	case VECTOR:
		state(b, "\t{\n\t\tt_v4u v = mk_v4u(h) * %D + (t_v4u){ %K, 2, %K, 4 };\n"
			"\t\tt_v4f w = mk_v4f(h) * %D.5f;\n\n\t\tv ^= v >> 3;\n"
			"\t\th = mix(h, sum_v4u(v) ^ sum_v4f(w));\n\t}\n");
		break;
	case SORT:
		say(b, b->before, "static int cmp_%F_%N(const void *a, const void *b)\n{\n"
			"\tuint32_t x = *(const uint32_t *)a ^ (%K & 0xffff), y = *(const uint32_t *)b ^ 0x55;\n\n"
			"\ty ^= 0x55 ^ (x ^ *(const uint32_t *)a);\n"
			"\treturn x < y ? -1 : x > y;\n}\n\n");
		state(b, "\t{\n\t\tuint32_t a[5] = { (uint32_t)h & 0xffff, %K & 0xffff, 77, %K & 0xffff, 9 };\n\n"
			"\t\tqsort(a, 5, 4, cmp_%F_%N);\n\t\th = mix(h, a[1] * 3ull + a[3]);\n\t}\n");
		break;
	case LIBC:
		state(b, "\t{\n\t\tchar text[64];\n\n\t\tsnprintf(text, sizeof(text), \"%%u/%%s/%%.2f\", "
			"(unsigned int)(h & 0xffff) + %K % 99, mk_str(h), mk_f64(h) / 64);\n"
			"\t\th = mix(h, sum_str(text));\n\t}\n");
		break;
	case LABELS:
		state(b, "\t{\n\t\tstatic const void *const to[] = { &&a_%N, &&b_%N, &&c_%N };\n\n"
			"\t\tgoto *to[h % 3];\na_%N:\n\t\th += %K;\nb_%N:\n\t\th = mix(h, %K);\nc_%N:\n"
			"\t\th ^= %K;\n\t}\n");
		break;
	case COPY:
		state(b, "\t{\n\t\tt_s_big s = mk_s_big(h), t = s;\n\n\t\tt.b.a[h % 40] ^= (uint8_t)%K;\n"
			"\t\th = mix(h, sum_s_big(t) + (memcmp(&s.b, &t.b, sizeof(s.b)) != 0));\n\t}\n");
		break;
	case LONG_DOUBLE:
		state(b, "\t{\n\t\tlong double l = mk_ld(h) * %D.5L + mk_f64(h >> 3);\n\n"
			"\t\tif (l > 1000)\n\t\t\tl = l / %D.0L;\n\t\th = mix(h, sum_ld(l) ^ %K);\n\t}\n");
		break;
	case DATA:
		f->shared = true;
		far = f->place == LIB ? LIB : rnd_below(&b->r, UNITS);
		fprintf(b->o, "\tglob_%d[h & 3] ^= (uint32_t)h;\n", far);
		state(b, "\th = mix(h, state[2] + %K);\n");
		break;
	case NEW_FUNC:
		say(b, b->before, "static uint32_t nf_%F_%N(uint32_t x, const char *s)\n{\n"
			"\tstatic const uint16_t weights[] = { 3, 1, 4, 1, 5, 9, 2, 6 };\n"
			"\tstatic uint32_t last = 5, when;\n\n\tif (when != epoch) {\n\t\twhen = epoch;\n"
			"\t\tlast = 17;\n\t}\n\tlast += x * weights[x & 7] + (uint32_t)strlen(s);\n"
			"\treturn last ^ %K;\n}\n\n");
		f->shared = true;
		state(b, "\th = mix(h, nf_%F_%N((uint32_t)h, \"new in %F: %K\"));\n");
		break;
	case NEW_FAR:
		f->shared = true;
		far = f->place == LIB ? LIB : rnd_below(&b->r, UNITS - 1);
		fprintf(b->o, "\th = mix(h, nx_%d(h, mk_f64(h)));\n", far);
		break;
	case NEW_LIBC:
		state(b, "\t{\n\t\tchar text[] = \"%K,b:c\", *end;\n\n\t\th += strtoul(text, &end, 0);\n"
			"\t\th = mix(h, strcspn(text, \":\") + strspn(end, \",b\") + (uint64_t)(end - text));\n\t}\n");
		break;
	case ALL_KINDS:
		abort();
	}
}

/* The statements between the parameters and the return. */
static void statements(struct body *b, enum version v)
{
	struct func *f = b->f;
	struct rnd plan = rnd_for((uint64_t)f->id, 3);
	bool small = f->form == CALLBACK || f->form == INLINE || f->form == RECURSIVE;
	int n = small ? 1 + rnd_below(&plan, 3) : rnd_below(&plan, 7), calls = 0;
	int edited = n ? rnd_below(&plan, n) : 0, added = 1 + rnd_below(&plan, 2);

	if (rnd_chance(&plan, 4))
		n += 12;
	for (int i = 0; i < n; i++) {
		enum kind k = (enum kind)rnd_below(&plan, f->form == INLINE ? PURE : KINDS);

		if (k >= CALL && k <= OPV && (++calls > 3 || (small && calls > 1)))
			k = ARITH;
		b->r = rnd_for((uint64_t)f->id, 100 + (uint64_t)i);
		b->n = i;
		b->alt = v == NEW && (f->edit == ALL || (f->edit == ONE && i == edited));
		if (v == NEW && f->edit == DROP && i == edited)
			continue;
		a_statement(b, k);
	}
	for (int i = 0; i < added && v == NEW && f->edit == ADD; i++) {
		enum kind k = (enum kind)rnd_below(&plan, f->form == INLINE ? PURE : KINDS);

		if (f->form != INLINE && rnd_chance(&plan, 40))
			k = NEW_FUNC + (enum kind)rnd_below(&plan, 3);
		if (k == TLS_LOCAL)	/* new thread-local variables are refused */
			k = S_LOCAL;
		b->r = rnd_for((uint64_t)f->id, 200 + (uint64_t)i);
		b->n = 50 + i;
		a_statement(b, k);
	}
}

static void a_return(struct body *b, enum version v)
{
	struct func *f = b->f, *g = NULL;

	b->r = rnd_for((uint64_t)f->id, 4);
	b->alt = v == NEW && f->edit != KEEP;
	if (f->form == PLAIN && f->ret != NONE && rnd_chance(&b->r, 20))
		g = callee(b, f->ret);
	state(b, "\th += %K;\n");
	if (g) {
		f->calls[g->id] = true;
		fprintf(b->o, "\treturn ");
		arguments(b->o, f, g, &b->r, "h");
		fprintf(b->o, ";\n");
	} else if (f->ret == NONE) {
		state(b, "\ttglob_%U ^= (uint32_t)h;\n");
	} else {
		fprintf(b->o, "\treturn mk_%s(h);\n", types[f->ret]);
	}
}

static void short_body(struct body *b)
{
	struct func *f = b->f;
	const char *t = types[f->ret], *and = strcmp(t, "bool") ? "" : " & 1";
	int how = rnd_below(&b->r, 6);

	b->alt = b->alt && f->edit != KEEP;
	fprintf(b->o, "\treturn (t_%s)((", t);
	switch (how) {
	case 0:
		state(b, "%K");
		break;
	case 1:
	case 2:
		state(b, "(uint64_t)p0 + %K");
		break;
	case 3:
		f->shared = true;
		state(b, "glob_%U[2] + %K");
		break;
	case 4:
		state(b, "tglob_%U - %K");
		break;
	case 5:
		fprintf(b->o, "(uint64_t)p0 %s (uint64_t)p%d%s", b->alt ? "|" : "^", f->params - 1,
			b->alt ? " | 1" : "");
		break;
	}
	fprintf(b->o, ")%s);\n", and);
}

static void loop_body(struct body *b)
{
	switch (rnd_below(&b->r, 3)) {
	case 0:
		state(b, "\tdo\n\t\tp1 = p1 * %K + p0;\n\twhile (--p0);\n\treturn p1;\n");
		break;
	case 1:
		state(b, "\tfor (;;) {\n\t\tp1 ^= p1 >> 3;\n\t\tp1 += %K;\n\t\tif (!p0--)\n\t\t\treturn p1;\n"
			"\t}\n");
		break;
	case 2:
		state(b, "\twhile (p0-- > 1)\n\t\tp1 = (p1 << 3 | p1 >> 29) ^ %K;\n\treturn p1 + %K;\n");
		break;
	}
}

static void pair_body(struct body *b)
{
	struct func *f = b->f, *g = f;
	int before = 0;

	/* The other is the next one or the one before, as the number of ones before tells. */
	while (g > funcs && g[-1].form == PAIR && g[-1].place == f->place)
		g--, before++;
	g = before % 2 ? f - 1 : f + 1;
	f->calls[g->id] = true;
	state(b, "\tif (!p0)\n\t\treturn p1 ^ %K;\n");
	fprintf(b->o, "\treturn fn_%03d(p0 - 1, p1 * ", g->id);
	state(b, "%K + p0);\n");
}

static void variadic_body(struct body *b)
{
	state(b, "\tuint64_t h = %K;\n\tva_list ap;\n\n\tva_start(ap, p0);\n\tfor (; *p0; p0++) {\n"
		"\t\tswitch (*p0) {\n"
		"\t\tcase 'i':\n\t\t\th = mix(h, sum_i32(va_arg(ap, int32_t)));\n\t\t\tbreak;\n"
		"\t\tcase 'q':\n\t\t\th = mix(h, sum_i64(va_arg(ap, int64_t)) + %K);\n\t\t\tbreak;\n"
		"\t\tcase 'd':\n\t\t\th = mix(h, sum_f64(va_arg(ap, double)));\n\t\t\tbreak;\n"
		"\t\tcase 's':\n\t\t\th = mix(h, sum_str(va_arg(ap, const char *)));\n\t\t\tbreak;\n"
		"\t\tcase 'b':\n\t\t\th = mix(h, sum_b12(va_arg(ap, t_b12)));\n\t\t\tbreak;\n"
		"\t\tcase 'p':\n\t\t\th = mix(h, sum_s_dd(va_arg(ap, t_s_dd)));\n\t\t\tbreak;\n"
		"\t\tcase 'l':\n\t\t\th = mix(h, sum_ld(va_arg(ap, long double)));\n\t\t\tbreak;\n"
		"\t\tcase 'B':\n\t\t\th = mix(h, sum_b40(va_arg(ap, t_b40)));\n\t\t\tbreak;\n"
		"\t\t}\n\t}\n\tva_end(ap);\n");
}

/* State that is never set back. How it grows is the same in old and new, or they could not be compared. */
static void keeper_body(struct body *b)
{
	struct func *f = b->f;
	int how = rnd_below(&b->r, 4);
	static const char *const where[] = { "static uint32_t kept_%F = 3;\n\n", "uint32_t kept_%F;\n\n",
		"static __thread uint32_t kept_%F = 9;\n\n" };

	if (how < 3)
		say(b, b->before, where[how]);
	else
		state(b, "\tstatic uint32_t kept_%F = 8;\n");
	fprintf(b->o, "\tuint64_t h = 1;\n\n");
	for (int i = 0; i < f->params; i++)
		fprintf(b->o, "\th = mix(h, %s_%s(p%d));\n", "sum", types[f->param[i]], i);
	state(b, "\tkept_%F = kept_%F * 3 + (uint32_t)h;\n\th = mix(kept_%F, %K);\n");
}

void emit_func(FILE *o, struct func *f, enum version v)
{
	char *text = NULL;
	size_t size = 0;
	struct body b = { open_memstream(&text, &size), o, f, rnd_for((uint64_t)f->id, 5),
		v == NEW && f->edit != KEEP, 99 };

	if (f->weak)
		fprintf(b.o, "__attribute__((weak)) ");
	if (f->noinline)
		fprintf(b.o, "__attribute__((noinline)) ");
	if (f->local)
		fprintf(b.o, "static %s", f->form == INLINE ? "inline " : "");
	signature(b.o, f, "fn");
	fprintf(b.o, "\n{\n");
	switch (f->form) {
	case SHORT:
		short_body(&b);
		break;
	case LOOP:
		loop_body(&b);
		break;
	case PAIR:
		pair_body(&b);
		break;
	case VARIADIC:
		variadic_body(&b);
		a_return(&b, v);
		break;
	case KEEPER:
		keeper_body(&b);
		a_return(&b, v);
		break;
	case RECURSIVE:
		if (f->ret == NONE)
			fprintf(b.o, "\tif (!p0)\n\t\treturn;\n");
		else
			fprintf(b.o, "\tif (!p0)\n\t\treturn mk_%s(%d);\n", types[f->ret], f->id);
		/* fall through */
	case PLAIN:
	case CALLBACK:
	case INLINE:
		state(&b, "\tuint64_t h = %K;\n\n");
		for (int i = 0; i < f->params; i++) {
			b.r = rnd_for((uint64_t)f->id, 10 + (uint64_t)i);
			b.alt = v == NEW && f->edit == ALL;
			use_param(&b, i);
		}
		statements(&b, v);
		if (f->form == RECURSIVE) {
			b.r = rnd_for((uint64_t)f->id, 6);
			fprintf(b.o, "\tp0--;\n\th = mix(h, ");
			emit_call(b.o, f, f, &b.r, "h");
			fprintf(b.o, ");\n");
		}
		a_return(&b, v);
		break;
	}
	fprintf(b.o, "}\n\n");
	if (f->alias) {
		fprintf(b.o, "extern __typeof__(fn_%03d) al_%03d __attribute__((alias(\"fn_%03d\")));\n\n",
			f->id, f->id, f->id);
	}
	if (f->wrapped) {
		signature(b.o, f, "wr");
		fprintf(b.o, "\n{\n\t%sfn_%03d(", f->ret == NONE ? "" : "return ", f->id);
		for (int i = 0; i < f->params; i++)
			fprintf(b.o, "%sp%d", i ? ", " : "", i);
		fprintf(b.o, ");\n}\n\n");
	}
	fclose(b.o);
	fwrite(text, 1, size, o);
	free(text);
}

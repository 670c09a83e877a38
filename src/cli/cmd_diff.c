// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cmd_diff.h"

#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build/diff/diff.h"

/* `suture diff`, like diff(1), tells a change by its exit status. */
enum { EXIT_SAME = 0, EXIT_CHANGES = 1, EXIT_USAGE = 2, EXIT_REFUSED = 3, EXIT_BAD_INPUT = 4 };

struct options {
	bool json, pairs, verbose;
	const char *why;
	const char *orig, *new;
};

static const char usage[] =
	"usage: suture diff [--json] [--show-pairs] [--why FUNC] [-v] ORIG.o PATCHED.o\n"
	"\n"
	"Compares two objects that were compiled from the original and from the patched source\n"
	"of one unit, with the same compiler and flags, -g, -ffunction-sections, -fdata-sections.\n"
	"\n"
	"      --json         the whole result as JSON\n"
	"      --show-pairs   which symbol was taken for which, and on what evidence\n"
	"      --why FUNC     why this function is replaced\n"
	"  -v, --verbose      list what is unchanged, too\n"
	"  -h, --help         this text\n"
	"\n"
	"exit status: 0 no change, 1 changes, 2 usage, 3 cannot be patched, 4 bad input\n";

static const char *outcome(const struct diff_unit *u, const struct sut_err *err)
{
	if (err->n && (!u || sut_err_class(err) != SUT_CLASS_REFUSAL))
		return sut_err_class(err) == SUT_CLASS_REFUSAL ? "refused" : "failed";
	return err->n ? "refused" : u->changed ? "changed" : "unchanged";
}

static int exit_status(const struct diff_unit *u, const struct sut_err *err)
{
	if (err->n)
		return sut_err_class(err) == SUT_CLASS_REFUSAL ? EXIT_REFUSED : EXIT_BAD_INPUT;
	return u->changed ? EXIT_CHANGES : EXIT_SAME;
}

/* Names come from a file: whatever is not UTF-8 would make jansson refuse the string. */
static json_t *text(const char *s)
{
	json_t *j = s ? json_string(s) : json_null();

	return j ? j : json_string("(not UTF-8)");
}

static json_t *texts(const struct strvec *sv)
{
	json_t *a = json_array();

	for (size_t i = 0; i < sv->n; i++)
		json_array_append_new(a, text(sv->v[i]));
	return a;
}

static void put_position(json_t *o, const char *file, int line)
{
	json_object_set_new(o, "file", text(file));
	json_object_set_new(o, "line", line ? json_integer(line) : json_null());
}

static json_t *json_funcs(const struct diff_unit *u)
{
	json_t *a = json_array();

	for (size_t i = 0; u && i < u->n_funcs; i++) {
		const struct diff_func *f = &u->funcs[i];
		json_t *o = json_object();

		json_object_set_new(o, "name", text(f->name));
		json_object_set_new(o, "status", text(diff_status_text(f->status)));
		json_object_set_new(o, "why", text(diff_why_text(f->why)));
		json_object_set_new(o, "chain", texts(&f->why_chain));
		put_position(o, f->file, f->line);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *json_data(const struct diff_unit *u)
{
	json_t *a = json_array();

	for (size_t i = 0; u && i < u->n_data; i++) {
		const struct diff_data *d = &u->data[i];
		json_t *o = json_object();

		json_object_set_new(o, "name", text(d->name));
		json_object_set_new(o, "status", text(diff_status_text(d->status)));
		json_object_set_new(o, "kind", text(diff_data_kind_text(d->kind)));
		put_position(o, d->file, d->line);
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *json_refusals(const struct sut_err *err)
{
	json_t *a = json_array();

	for (size_t i = 0; i < err->n; i++) {
		const struct sut_reason *r = &err->v[i];
		json_t *o = json_object();

		json_object_set_new(o, "code", text(sut_code_info(r->code)->text));
		json_object_set_new(o, "title", text(sut_code_info(r->code)->title));
		json_object_set_new(o, "subject", text(r->subject));
		json_object_set_new(o, "cause", text(r->cause));
		json_object_set_new(o, "where", text(r->where));
		json_object_set_new(o, "chain", texts(&r->chain));
		json_object_set_new(o, "remedy", text(r->remedy));
		json_array_append_new(a, o);
	}
	return a;
}

static json_t *json_pairs(const struct diff_unit *u)
{
	json_t *a = json_array();

	for (uint32_t i = 1; u && i < u->new->n_syms; i++) {
		json_t *o;

		if (!u->to_orig[i])
			continue;
		o = json_object();
		json_object_set_new(o, "orig", text(u->orig->syms[u->to_orig[i]].name));
		json_object_set_new(o, "patched", text(u->new->syms[i].name));
		json_object_set_new(o, "evidence", text(pair_how_text(u->pair_how[i])));
		json_array_append_new(a, o);
	}
	return a;
}

static void print_json(const struct options *opt, const struct diff_unit *u,
		       const struct sut_err *err)
{
	json_t *o = json_object();

	json_object_set_new(o, "status", text(outcome(u, err)));
	json_object_set_new(o, "functions", json_funcs(u));
	json_object_set_new(o, "data", json_data(u));
	if (opt->pairs)
		json_object_set_new(o, "pairs", json_pairs(u));
	json_object_set_new(o, "refusals", json_refusals(err));
	json_dumpf(o, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(o);
}

static void print_position(const char *file, int line)
{
	if (file)
		printf("  %s:%d", file, line);
	putchar('\n');
}

static void print_lists(const struct options *opt, const struct diff_unit *u)
{
	for (size_t i = 0; i < u->n_funcs; i++) {
		const struct diff_func *f = &u->funcs[i];

		if (f->status == DIFF_UNCHANGED && !opt->verbose)
			continue;
		printf("%-9s function  %s", diff_status_text(f->status), f->name);
		print_position(f->file, f->line);
		for (size_t k = 0; k < f->why_chain.n; k++)
			printf("          %s\n", f->why_chain.v[k]);
	}
	for (size_t i = 0; i < u->n_data; i++) {
		const struct diff_data *d = &u->data[i];

		if (d->status == DIFF_UNCHANGED && !opt->verbose)
			continue;
		printf("%-9s %-8s  %s", diff_status_text(d->status), diff_data_kind_text(d->kind),
		       d->name);
		print_position(d->file, d->line);
	}
}

static void print_pairs(const struct diff_unit *u)
{
	for (uint32_t i = 1; i < u->new->n_syms; i++)
		if (u->to_orig[i])
			printf("pair      %s = %s  (%s)\n", u->orig->syms[u->to_orig[i]].name,
			       u->new->syms[i].name, pair_how_text(u->pair_how[i]));
}

static void print_indented(const char *label, const char *s)
{
	printf("  %s: ", label);
	for (; *s; s++)
		*s == '\n' ? printf("\n      ") : putchar(*s);
	putchar('\n');
}

/* The page's last paragraph, where the reason has no way out of its own. */
static const char *remedy_of(const struct sut_reason *r)
{
	const char *page = sut_code_info(r->code)->page;
	const char *at = strstr(page, "What to do: ");

	if (r->remedy)
		return r->remedy;
	return at ? at + strlen("What to do: ") : NULL;
}

static void print_refusals(const struct sut_err *err)
{
	for (size_t i = 0; i < err->n; i++) {
		const struct sut_reason *r = &err->v[i];
		const struct sut_code_info *info = sut_code_info(r->code);

		printf("%s %s: '%s': %s\n",
		       info->class == SUT_CLASS_REFUSAL ? "refused " : "error   ", info->text,
		       r->subject, r->cause);
		if (r->where)
			print_indented("where", r->where);
		for (size_t k = 0; k < r->chain.n; k++)
			print_indented("because", r->chain.v[k]);
		if (remedy_of(r))
			print_indented("what to do", remedy_of(r));
	}
}

static int print_why(const struct diff_unit *u, const char *name)
{
	for (size_t i = 0; i < u->n_funcs; i++) {
		const struct diff_func *f = &u->funcs[i];

		if (strcmp(f->name, name))
			continue;
		printf("%s is %s", f->name, diff_status_text(f->status));
		if (f->why != WHY_NONE)
			printf(" (%s)", diff_why_text(f->why));
		print_position(f->file, f->line);
		for (size_t k = 0; k < f->why_chain.n; k++)
			printf("  %s\n", f->why_chain.v[k]);
		return 0;
	}
	return -1;
}

static int parse(int argc, char **argv, struct options *opt)
{
	static const struct option longs[] = {
		{"json", no_argument, NULL, 'j'},	{"show-pairs", no_argument, NULL, 'p'},
		{"why", required_argument, NULL, 'w'},	{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},	{0},
	};
	int c;

	optind = 0; /* glibc: start afresh, whatever was parsed before the command's name */
	while ((c = getopt_long(argc, argv, "vh", longs, NULL)) != -1)
		switch (c) {
		case 'j':
			opt->json = true;
			break;
		case 'p':
			opt->pairs = true;
			break;
		case 'w':
			opt->why = optarg;
			break;
		case 'v':
			opt->verbose = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 1;
		default:
			return -1;
		}
	if (argc - optind != 2)
		return -1;
	opt->orig = argv[optind];
	opt->new = argv[optind + 1];
	return 0;
}

int cmd_diff(int argc, char **argv)
{
	struct elf_obj *orig, *new;
	struct diff_unit *u = NULL;
	struct options opt = {0};
	struct sut_err err = {0};
	int rc = parse(argc, argv, &opt);

	if (rc > 0)
		return 0;
	if (rc < 0) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	orig = elf_obj_open(opt.orig, &err);
	new = elf_obj_open(opt.new, &err);
	if (orig && new)
		u = diff_unit_compare(orig, new, NULL, &err);
	rc = exit_status(u, &err);
	if (opt.json) {
		print_json(&opt, u, &err);
	} else if (u && opt.why) {
		if (print_why(u, opt.why) < 0) {
			fprintf(stderr, "suture: no function '%s' in these objects\n", opt.why);
			rc = EXIT_USAGE;
		}
	} else {
		if (u && opt.pairs)
			print_pairs(u);
		if (u)
			print_lists(&opt, u);
		print_refusals(&err);
		if (u && !u->changed && !err.n)
			puts("no change: the objects are equal");
	}
	diff_unit_free(u);
	elf_obj_free(orig);
	elf_obj_free(new);
	sut_err_free(&err);
	return rc;
}

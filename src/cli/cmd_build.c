// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/render.h"

const char usage_build[] =
	"usage: suture build --source DIR --make COMMAND --object FILE [-o OUT.sut] FIX.patch...\n"
	"       suture build --source DIR --compdb FILE --object FILE [-o OUT.sut] FIX.patch...\n"
	"       suture build --deb PACKAGE[:ARCH][=VERSION] [-o OUT.sut] FIX.patch...\n"
	"       suture build --kernel DIR [-o OUT.sut] FIX.patch...\n"
	"       suture build --module-source DIR [--make COMMAND] [-o OUT.sut] FIX.patch...\n"
	"\n"
	"Makes a patch file from unified diffs. Compiles the files that the diffs affect, as they\n"
	"are and as they become, and proves that the original is what the object was built from.\n"
	"\n"
	"  --source DIR       source tree of the program; it is not changed\n"
	"  --make COMMAND     shell command that builds it, for example 'make -j2'\n"
	"  --compdb FILE      compile_commands.json in place of --make\n"
	"  --object FILE      the very executable or library that runs; may be repeated\n"
	"  --deb PKG[:ARCH][=VER]\n"
	"                     a Debian package in place of all these; ARCH: another architecture's\n"
	"  --kernel DIR       source tree of the kernel that is to be patched; it is not changed\n"
	"  --module-source DIR\n"
	"                     source folder of a module that is built outside of the kernel's tree, in\n"
	"                     place of --kernel. --object FILE.ko is the module (default: looked for in\n"
	"                     --modules); --make COMMAND calls make for it, 'make FEATURE=1' ($SUTURE_SOURCE\n"
	"                     in it is the copy of DIR that is compiled)\n"
	"  --vmlinuz FILE     that kernel (default: the one that runs, in /boot)\n"
	"  --config FILE      its configuration (default: beside it)\n"
	"  --headers DIR      where its modules are built (default: /lib/modules/RELEASE/build)\n"
	"  --modules DIR      its modules (default: /lib/modules/RELEASE)\n"
	"  --release NAME     which kernel, as 'uname -r' says (default: that of --vmlinuz)\n"
	"  --cross PREFIX     CROSS_COMPILE of another architecture\n"
	"  --cc COMPILER      the compiler in place of the usual one\n"
	"  --key FILE, --cert FILE\n"
	"                     sign the module: private key (PEM) and X.509 certificate\n"
	"  --replace          the patch takes the place of all other patches of the kernel\n"
	"  -o, --output FILE  patch file to write (default: NAME.sut in the current folder)\n"
	"  --name NAME        of the patch (default: from the output file or the first diff)\n"
	"  --patch-version V  version of the patch\n"
	"  --description TEXT what it does\n"
	"  --author TEXT      who made it\n"
	"  --cve ID           label; may be repeated (default: those that the diffs name)\n"
	"  --accept-layout T  build although the layout of type T changes (SUT-B041)\n"
	"  --why FUNCTION     tell why this function is in the patch; writes no file\n"
	"  -j, --jobs N       compilers at once (default: one per processor)\n"
	"  --work DIR         cache folder (default: $XDG_CACHE_HOME/suture)\n";

enum { OPT_SOURCE = 0x100, OPT_MAKE, OPT_COMPDB, OPT_OBJECT, OPT_DEB, OPT_NAME, OPT_PATCH_VERSION,
       OPT_DESCRIPTION, OPT_AUTHOR, OPT_CVE, OPT_ACCEPT, OPT_WHY, OPT_WORK, OPT_KERNEL, OPT_VMLINUZ,
       OPT_CONFIG, OPT_HEADERS, OPT_MODULES, OPT_RELEASE, OPT_CROSS, OPT_CC, OPT_KEY, OPT_CERT,
       OPT_REPLACE, OPT_MODULE_SOURCE };

static const struct option longs[] = {
	{"source", required_argument, NULL, OPT_SOURCE},
	{"make", required_argument, NULL, OPT_MAKE},
	{"compdb", required_argument, NULL, OPT_COMPDB},
	{"object", required_argument, NULL, OPT_OBJECT},
	{"deb", required_argument, NULL, OPT_DEB},
	{"output", required_argument, NULL, 'o'},
	{"name", required_argument, NULL, OPT_NAME},
	{"patch-version", required_argument, NULL, OPT_PATCH_VERSION},
	{"description", required_argument, NULL, OPT_DESCRIPTION},
	{"author", required_argument, NULL, OPT_AUTHOR},
	{"cve", required_argument, NULL, OPT_CVE},
	{"accept-layout", required_argument, NULL, OPT_ACCEPT},
	{"why", required_argument, NULL, OPT_WHY},
	{"jobs", required_argument, NULL, 'j'},
	{"work", required_argument, NULL, OPT_WORK},
	{"kernel", required_argument, NULL, OPT_KERNEL},
	{"module-source", required_argument, NULL, OPT_MODULE_SOURCE},
	{"vmlinuz", required_argument, NULL, OPT_VMLINUZ},
	{"config", required_argument, NULL, OPT_CONFIG},
	{"headers", required_argument, NULL, OPT_HEADERS},
	{"modules", required_argument, NULL, OPT_MODULES},
	{"release", required_argument, NULL, OPT_RELEASE},
	{"cross", required_argument, NULL, OPT_CROSS},
	{"cc", required_argument, NULL, OPT_CC},
	{"key", required_argument, NULL, OPT_KEY},
	{"cert", required_argument, NULL, OPT_CERT},
	{"replace", no_argument, NULL, OPT_REPLACE},
	{NULL, 0, NULL, 0},
};

static void render_function(const json_t *f)
{
	const json_t *s;
	size_t i;

	printf("  %-9s %-32s", jstr(f, "status"), jstr(f, "name"));
	if (*jstr(f, "file"))
		printf("  %s:%lld", jstr(f, "file"), jint(f, "line"));
	if (strcmp(jstr(f, "why"), "none") != 0)
		printf("  [%s]", jstr(f, "why"));
	printf("\n");
	json_array_foreach((json_t *)jget(f, "chain"), i, s)
		printf("            %s\n", json_string_value(s));
}

static void render_lists(const json_t *doc)
{
	const json_t *o;
	size_t i;

	json_array_foreach((json_t *)jget(doc, "functions"), i, o)
		render_function(o);
	json_array_foreach((json_t *)jget(doc, "data"), i, o) {
		printf("  %-9s %-32s", jstr(o, "status"), jstr(o, "name"));
		if (*jstr(o, "file"))
			printf("  %s:%lld", jstr(o, "file"), jint(o, "line"));
		printf("  [%s]\n", jstr(o, "kind"));
	}
	json_array_foreach((json_t *)jget(doc, "not_compiled"), i, o)
		printf("  not compiled into anything: %s\n", json_string_value(o));
	json_array_foreach((json_t *)jget(doc, "elsewhere"), i, o)
		printf("  not part of the given objects: %s\n", json_string_value(o));
}

static void render_built(const json_t *doc)
{
	const json_t *proof = jget(doc, "proof"), *times = jget(doc, "times"), *o;
	long long ms = jint(times, "capture_ms") + jint(times, "compile_ms") +
		       jint(times, "compare_ms") + jint(times, "prove_ms") + jint(times, "link_ms");
	size_t i;

	printf("%sbuilt%s  %s in %.1f s\n", style(stdout, GREEN), style(stdout, PLAIN),
	       jstr(doc, "path"), (double)ms / 1000);
	json_array_foreach((json_t *)jget(doc, "objects"), i, o)
		printf("  for %s%s%s%s%s: %s\n", style(stdout, BOLD), jstr(o, "name"), style(stdout, PLAIN),
		       *jstr(o, "build_id") ? ", build-id " : "", jstr(o, "build_id"),
		       count_text(jint(o, "functions"), "function"));
	printf("  proved: %lld of %lld functions of the affected files are the code of the object\n",
	       jint(proof, "matched"), jint(proof, "functions"));
}

static void render(const json_t *doc)
{
	const char *outcome = jstr(doc, "outcome");

	if (!strcmp(outcome, "not-needed") && !cli.quiet)
		printf("%snot needed%s  no code of these objects changes\n", style(stdout, GREEN),
		       style(stdout, PLAIN));
	if (!strcmp(outcome, "built") && !cli.quiet)
		render_built(doc);
	if (!cli.quiet || *jstr(doc, "asked"))
		render_lists(doc);
}

/* Lists of words that grow with each option; NULL-terminated as the library wants them. */
struct words {
	const char **v;
	size_t n;
};

static void add(struct words *w, const char *s)
{
	w->v = realloc(w->v, (w->n + 2) * sizeof(*w->v));
	if (!w->v)
		abort();
	w->v[w->n++] = s;
	w->v[w->n] = NULL;
}

static bool set_jobs(struct sut_build_opts *o, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	o->jobs = (int)n;
	if (*text && !*end && n >= 1 && n <= 1024)
		return true;
	cli.status = cli_usage("--jobs", "'%s' is not a number from 1 to 1024", text);
	return false;
}

static bool set_kernel_option(struct sut_build_opts *o, int c)
{
	const struct {
		int c;
		const char **to;
	} texts[] = {{OPT_KERNEL, &o->kernel}, {OPT_MODULE_SOURCE, &o->module_source}, {OPT_VMLINUZ, &o->vmlinuz}, {OPT_CONFIG, &o->config},
		     {OPT_HEADERS, &o->headers}, {OPT_MODULES, &o->modules}, {OPT_RELEASE, &o->release},
		     {OPT_CROSS, &o->cross}, {OPT_CC, &o->cc}, {OPT_KEY, &o->key}, {OPT_CERT, &o->cert}};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].c == c) {
			*texts[i].to = optarg;
			return true;
		}
	o->replace |= c == OPT_REPLACE;
	return c == OPT_REPLACE;
}

static bool set_option(struct sut_build_opts *o, struct words *objects, struct words *cves,
		       struct words *accept, int c)
{
	switch (c) {
	case OPT_OBJECT:
		add(objects, optarg);
		return true;
	case OPT_CVE:
		add(cves, optarg);
		return true;
	case OPT_ACCEPT:
		add(accept, optarg);
		return true;
	case 'j':
		return set_jobs(o, optarg);
	case 'o':
		o->out = optarg;
		return true;
	case OPT_SOURCE:
		o->source = optarg;
		return true;
	case OPT_MAKE:
		o->make = optarg;
		return true;
	case OPT_COMPDB:
		o->compdb = optarg;
		return true;
	case OPT_DEB:
		o->deb = optarg;
		return true;
	case OPT_NAME:
		o->name = optarg;
		return true;
	case OPT_PATCH_VERSION:
		o->version = optarg;
		return true;
	case OPT_DESCRIPTION:
		o->description = optarg;
		return true;
	case OPT_AUTHOR:
		o->author = optarg;
		return true;
	case OPT_WHY:
		o->why = optarg;
		return true;
	case OPT_WORK:
		o->work = optarg;
		return true;
	}
	return set_kernel_option(o, c);
}

/* What can be told from the command line alone; 0 where it makes sense. */
static int check_options(const struct sut_build_opts *o, const struct words *patches)
{
	if (!patches->n)
		return cli_usage("FIX.patch", "is missing");
	if (o->kernel && (o->deb || o->source || o->make || o->compdb || o->objects))
		return cli_usage("--kernel", "stands in place of --source, --make, --compdb, --object and --deb");
	if (!o->key != !o->cert)
		return cli_usage(o->key ? "--cert" : "--key", "is missing");
	if (o->module_source && (o->kernel || o->deb || o->source || o->compdb))
		return cli_usage("--module-source", "stands in place of --kernel, --source, --compdb and --deb");
	if (o->kernel || o->module_source)
		return 0;
	if (o->deb && (o->source || o->make || o->compdb))
		return cli_usage("--deb", "stands in place of --source, --make and --compdb");
	if (!o->deb && !o->source)
		return cli_usage("--source", "is missing (or --deb)");
	if (o->make && o->compdb)
		return cli_usage("--compdb", "stands in place of --make");
	if (!o->deb && !o->make && !o->compdb)
		return cli_usage("--make", "is missing (or --compdb)");
	if (!o->deb && !o->objects)
		return cli_usage("--object", "is missing");
	return 0;
}

int cmd_build(int argc, char **argv)
{
	struct words objects = {0}, cves = {0}, accept = {0}, patches = {0};
	struct sut_build_opts o = {.size = sizeof(o)};
	int c;

	while ((c = cli_getopt(argc, argv, "o:j:", longs)) != -1)
		if (c == CLI_STOP || !set_option(&o, &objects, &cves, &accept, c))
			goto out;
	for (int i = optind; i < argc; i++)
		add(&patches, argv[i]);
	o.objects = objects.v;
	o.cves = cves.v;
	o.accept_layouts = accept.v;
	o.patches = patches.v;
	cli.status = check_options(&o, &patches);
	if (!cli.status)
		cli.status = cli_finish(sut_build(&o), render);
out:
	free(objects.v);
	free(cves.v);
	free(accept.v);
	free(patches.v);
	return cli.status;
}

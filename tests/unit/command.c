// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/command.h"
#include "tap.h"

#include <stdlib.h>
#include <unistd.h>

static struct unit_vec units;
static struct command cmd;

/* Parses a shell line in /w; the last result is in cmd and units. */
static void parse(const char *line)
{
	struct strvec argv = {0};

	command_free(&cmd);
	unit_vec_free(&units);
	command_split(line, &argv);
	command_parse("/w", argv.v, &cmd);
	command_units(&cmd, "/usr/bin/gcc", NULL, &units);
	strvec_free(&argv);
}

static char *joined(const struct strvec *sv)
{
	static char text[4096];

	text[0] = '\0';
	for (size_t i = 0; i < sv->n; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "",
			 sv->v[i]);
	return text;
}

static void test_compile(void)
{
	parse("gcc -O2 -DA='x y' -I ../inc -c -o obj/a.o src/./a.c -MD -MF a.d -MT x -MP -Wall");
	tap_ok(cmd.compiles && !cmd.links && units.n == 1, "a compile command");
	tap_eq_str(joined(&units.v[0].args), "-O2 -DA=x y -I ../inc -Wall", "its flags");
	tap_eq_str(units.v[0].source, "src/./a.c", "the source as written");
	tap_eq_str(units.v[0].source_path, "/w/src/a.c", "the source's path");
	tap_eq_str(units.v[0].output, "/w/obj/a.o", "the object");
	tap_eq_str(cmd.dep_file, "a.d", "the dependency file");
	tap_ok(cmd.writes_deps, "it writes dependencies");
	tap_ok(units.v[0].lang == LANG_C, "C");

	parse("gcc -c dir/b.cc");
	tap_eq_str(units.v[0].output, "/w/b.o", "the object's name without -o");
	tap_ok(units.v[0].lang == LANG_CXX, "C++");

	parse("gcc -O1 a.c b.c c.o -o prog -lm -L/x -Wl,--gc-sections -Xlinker -z -Xlinker now");
	tap_ok(cmd.compiles && cmd.links && units.n == 2, "compiling two and linking");
	tap_eq_str(joined(&units.v[1].args), "-O1", "linker options are left out");
	tap_ok(!units.v[0].output, "its objects are temporary");
	tap_eq_str(joined(&cmd.inputs), "c.o -lm", "inputs of the link");

	parse("gcc -Wp,-MMD,.a.o.d -Wp,-DX -c a.S");
	tap_ok(units.v[0].is_asm, "assembly is marked");
	tap_eq_str(cmd.dep_file, ".a.o.d", "-Wp,-MMD names the dependency file");
	tap_eq_str(joined(&units.v[0].args), "-Wp,-DX", "other -Wp words stay");

	parse("gcc -xc -c foo.inc -x none b.c");
	tap_ok(units.n == 2 && units.v[0].lang == LANG_C, "-x makes a source of any name");
	parse("gcc -flto=auto -c a.c");
	tap_ok(units.v[0].is_lto, "-flto is marked");
	parse("gcc -flto -c a.c -fno-lto");
	tap_ok(!units.v[0].is_lto, "the last of -flto and -fno-lto counts");
	parse("gcc -save-temps=obj -gsplit-dwarf -c a.c --param max-inline=3");
	tap_eq_str(joined(&units.v[0].args), "--param max-inline=3", "side outputs are left out");
}

static void test_no_object(void)
{
	static const char *const lines[] = {
		"gcc -E a.c", "gcc -S a.c", "gcc -M a.c", "gcc -MM a.c -c", "gcc --version",
		"gcc -fsyntax-only a.c", "gcc -print-file-name=libc.a",
	};

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		parse(lines[i]);
		tap_ok(!cmd.compiles && !cmd.links && !units.n, "no object: %s", lines[i]);
	}
	parse("gcc -c -");
	tap_ok(!units.n, "standard input is no unit");
	parse("gcc a.o b.a -o prog");
	tap_ok(!cmd.compiles && cmd.links, "a link");
}

static void test_response_file(void)
{
	char name[] = "/tmp/suture-test-XXXXXX", *line;
	static const char text[] = "-DX=\"a b\" 'r s.c'\n -O3";
	int fd = mkstemp(name);

	tap_ok(fd >= 0 && write_all(fd, text, sizeof(text) - 1) == 0, "response file written");
	line = xasprintf("gcc -c @%s @/does/not/exist.c", name);
	parse(line);
	tap_eq_str(joined(&units.v[0].args), "-DX=a b -O3", "words of a response file");
	tap_eq_str(units.v[0].source, "r s.c", "a source in a response file");
	free(line);
	close(fd);
	unlink(name);
}

static void test_names(void)
{
	static const char *const yes[] = {"cc", "gcc", "gcc-12", "x86_64-linux-gnu-gcc-12", "c99",
					  "clang++-14", "aarch64-linux-gnu-g++", "gcc-4.9.2",
					  "musl-gcc"};
	static const char *const no[] = {"gcc-ar", "gcc-nm-12", "c++filt", "clang-format", "ccache",
					 "suture", "x86_64-linux-gnu-gcov", "-12", "", "12"};

	for (size_t i = 0; i < ARRAY_SIZE(yes); i++)
		tap_ok(command_is_compiler_name(yes[i]), "'%s' is a compiler", yes[i]);
	for (size_t i = 0; i < ARRAY_SIZE(no); i++)
		tap_ok(!command_is_compiler_name(no[i]), "'%s' is none", no[i]);
}

static void test_paths_and_deps(void)
{
	struct strvec deps = {0};
	char *p = path_normal("/a/b", "../c/./d//e");

	tap_eq_str(p, "/a/c/d/e", "a path is normalised");
	free(p);
	p = path_normal("/", "../..");
	tap_eq_str(p, "/", "above the root is the root");
	free(p);
	tap_ok(path_is_below("/a/b/c", "/a/b") && path_is_below("/a/b", "/a/b") &&
	       !path_is_below("/a/bc", "/a/b"), "a path below a folder");
	command_parse_deps("x/a.o: a.c ../h/b.h \\\n  /usr/include/c\\ d.h\\\n e$$f.h\n\nb.h:\n"
			   "c.o y.o : z.c\r\n", "/w/s", &deps);
	tap_eq_str(joined(&deps), "/w/s/a.c /w/h/b.h /usr/include/c d.h /w/s/e$f.h /w/s/z.c",
		   "a dependency file");
	strvec_free(&deps);
}

static void test_compdb(void)
{
	static const char text[] =
		"[{\"directory\":\"/b\",\"file\":\"../s/a.c\",\"command\":"
		"\"ccache /usr/bin/cc -DV=\\\\\\\"1\\\\\\\" -o a.o -c ../s/a.c\"},"
		"{\"directory\":\"/b\",\"file\":\"/s/b.c\",\"arguments\":[\"gcc\",\"-c\",\"/s/"
		"b.c\"]}]";
	char name[] = "/tmp/suture-test-XXXXXX";
	struct unit_vec uv = {0};
	struct sut_err err = {0};
	int fd = mkstemp(name);

	tap_ok(fd >= 0 && write_all(fd, text, sizeof(text) - 1) == 0, "database written");
	tap_ok(compdb_read(name, &uv, &err) == 0 && uv.n == 2, "it is read");
	tap_eq_str(uv.n ? joined(&uv.v[0].args) : NULL, "-DV=\"1\"", "shell quoting");
	tap_eq_str(uv.n ? uv.v[0].compiler : NULL, "/usr/bin/cc", "the launcher is left out");
	tap_eq_str(uv.n ? uv.v[0].source_path : NULL, "/s/a.c", "the source's path");
	tap_eq_str(uv.n == 2 ? uv.v[1].output : NULL, "/b/b.o", "a list of arguments");
	tap_ok(!ftruncate(fd, 30), "database cut short");
	tap_ok(compdb_read(name, &uv, &err) < 0 && sut_err_has(&err, SUT_B_COMPDB),
	       "a broken one is refused");
	sut_err_free(&err);
	unit_vec_free(&uv);
	close(fd);
	unlink(name);
}

int main(void)
{
	test_compile();
	test_no_object();
	test_response_file();
	test_names();
	test_paths_and_deps();
	test_compdb();
	command_free(&cmd);
	unit_vec_free(&units);
	return tap_done();
}

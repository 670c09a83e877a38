// SPDX-License-Identifier: GPL-2.0-or-later
/* Objects that are cut short, altered or not objects at all: an answer, never a crash. Run it with
 * SAN=1 to make that mean something. */
#include <stdlib.h>
#include <unistd.h>

#include "build/diff/diff.h"
#include "tap.h"

static uint32_t seed = 1;

static uint32_t next(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

/* Compares a good object with @data (taken over). True where there was a result or a reason. */
static bool answers(const uint8_t *good, size_t n, uint8_t *data, size_t size, bool *ret_result)
{
	struct sut_err err = {0};
	struct elf_obj *a = elf_obj_open_mem("good.o", xmemdup(good, n), n, &err);
	struct elf_obj *b = elf_obj_open_mem("bad.o", data, size, &err);
	struct diff_unit *u = a && b ? diff_unit_compare(a, b, NULL, &err) : NULL;
	bool good_answer = u || err.n;

	*ret_result = u != NULL;
	diff_unit_free(u);
	elf_obj_free(a);
	elf_obj_free(b);
	sut_err_free(&err);
	return good_answer;
}

int main(void)
{
	char dir[] = "/tmp/diff_corrupt.XXXXXX";
	bool good = true, result = false;
	size_t n = 0, results = 0;
	uint8_t *o = NULL, *exe = NULL;
	char *obj, *cmd, *self = NULL;

	if (!tap_ok(mkdtemp(dir) != NULL, "a temporary folder"))
		return tap_done();
	obj = xasprintf("%s/a.o", dir);
	cmd = xasprintf("cc -O2 -g -ffunction-sections -fdata-sections -c -o %s "
			"tests/golden/switch-same/orig.c", obj);
	if (!tap_ok(!run_command((char *[]){"sh", "-c", cmd, NULL}, &(struct run_opts){0}) &&
			    !read_file(obj, &o, &n), "an object to spoil"))
		return tap_done();
	tap_ok(answers(o, n, xmemdup(o, n), n, &result) && result, "the object as it is compares");
	for (size_t cut = 0; cut < n; cut += 1 + n / 200) {
		uint8_t *p = xmalloc(cut + 1);

		memcpy(p, o, cut);
		good &= answers(o, n, p, cut, &result);
		if (result)
			printf("# accepted when cut to %zu of %zu bytes\n", cut, n);
		good &= !result;
	}
	tap_ok(good, "every truncated object is refused with a reason");
	good = true;
	for (int i = 0; i < 600; i++) {
		uint8_t *p = xmemdup(o, n);

		/* half of them in the section headers at the end, where most can go wrong */
		for (uint32_t k = next() % 6 + 1; k; k--)
			p[i % 2 ? n - 1 - next() % MIN(n, 2048) : next() % n] = (uint8_t)next();
		good &= answers(o, n, p, n, &result);
		results += result;
	}
	printf("# %zu of 600 altered objects could still be compared\n", results);
	tap_ok(good, "every altered object is compared or refused with a reason");
	self = xstrdup("/proc/self/exe");
	if (!read_file(self, &exe, &n)) {
		struct sut_err err = {0};
		struct elf_obj *a = elf_obj_open(self, &err), *b = elf_obj_open(obj, &err);

		tap_ok(a && b && !diff_unit_compare(b, a, NULL, &err) &&
			       sut_err_has(&err, SUT_B_NOT_OBJECT), "an executable is refused");
		elf_obj_free(a);
		if (b)
			b->machine = 183;
		a = elf_obj_open(obj, &err);
		tap_ok(a && b && !diff_unit_compare(a, b, NULL, &err) &&
			       sut_err_has(&err, SUT_E_ARCH), "another architecture is refused");
		elf_obj_free(a);
		elf_obj_free(b);
		sut_err_free(&err);
	}
	free(exe);
	free(self);
	free(o);
	free(obj);
	free(cmd);
	remove_tree(dir);
	return tap_done();
}

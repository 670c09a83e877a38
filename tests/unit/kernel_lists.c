// SPDX-License-Identifier: GPL-2.0-or-later
/* Sections that are lists, which the kernel has read: what is not the same as it was is refused, and what is, is found. */
#include <stdlib.h>
#include <unistd.h>

#include "kernel/special.h"
#include "tap.h"
#include "../lib/compile.h"

/* As BTF_SET_START() and BTF_ID() of the kernel make them: @n counts through the unit. */
#define LIST(name) "asm(\".pushsection .BTF_ids,\\\"a\\\"\\n.local " name "\\n" name ":\\n.popsection\\n\");\n"
#define MEMBER(what, n)                                                                                      \
	"asm(\".pushsection .BTF_ids,\\\"a\\\"\\n.local __BTF_ID__func__" what "__" n "\\n"                  \
	".type __BTF_ID__func__" what "__" n ",@object\\n.size __BTF_ID__func__" what "__" n ",4\\n"      \
	"__BTF_ID__func__" what "__" n ":\\n.zero 4\\n.popsection\\n\");\n"
#define USER(name, list) "int " name "(void)\n{\n\textern int " list "[];\n\treturn " list "[1];\n}\n"
#define LISTS(n, second) LIST("a_ids") MEMBER("one", "1" n) MEMBER(second, "2" n) LIST("b_ids") MEMBER("one", "3" n) MEMBER("two", "4" n)

#define QUIRK(name) "void " name "(void);\nasm(\".section .pci_fixup_final,\\\"a\\\"\\n.long " name " - .\\n.previous\\n\");\n"
#define INIT(name)                                                                                            \
	"static int __attribute__((used, section(\".init.text\"))) " name "(void)\n{\n\treturn 1;\n}\n"       \
	"asm(\".section .initcall6.init,\\\"a\\\"\\n.long " name " - .\\n.previous\\n\");\n"

struct seen {
	char *said;		/* of the first refusal, "" where there is none */
	enum diff_status user;	/* of user() */
};

static struct seen compared(const char *dir, const char *orig, const char *new)
{
	struct diff_opts opts = {.source = "a.c", .section_role = special_diff_role};
	struct sut_err err = {0};
	struct elf_obj *a = compile_text(dir, orig, "-g -ffunction-sections"), *b = compile_text(dir, new, "-g -ffunction-sections");
	struct seen ret = {xstrdup("?"), DIFF_REMOVED};
	struct diff_unit *u;

	if (!tap_ok(a && b, "two objects"))
		return ret;
	special_settle(a);
	special_settle(b);
	u = diff_unit_compare(a, b, &opts, &err);
	special_compare(u, "a.c", &err);
	lists_check(u, "a.c", &err);
	for (size_t i = 0; i < u->n_funcs; i++)
		if (!strcmp(u->funcs[i].name, "user"))
			ret.user = u->funcs[i].status;
	free(ret.said);
	ret.said = err.n ? xasprintf("%s %s", sut_code_info(err.v[0].code)->text, err.v[0].subject) : xstrdup("");
	diff_unit_free(u);
	elf_obj_free(a);
	elf_obj_free(b);
	sut_err_free(&err);
	return ret;
}

static void check(const char *dir, const char *orig, const char *new, const char *said, enum diff_status user,
		  const char *what)
{
	struct seen s = compared(dir, orig, new);

	tap_eq_str(s.said, said, what);
	tap_ok(s.user == user, "and its user is %s", diff_status_text(user));
	free(s.said);
}

int main(void)
{
	char dir[] = "/tmp/kernel_lists.XXXXXX";

	if (!tap_ok(mkdtemp(dir) != NULL, "a temporary folder"))
		return tap_done();
	check(dir, LISTS("0", "two") USER("user", "a_ids"), LISTS("9", "two") USER("user", "a_ids"), "", DIFF_UNCHANGED,
	      "members with other numbers");
	check(dir, LISTS("0", "two") USER("user", "a_ids"), LISTS("0", "two") USER("user", "b_ids"), "", DIFF_CHANGED,
	      "another list, of the same bytes");
	check(dir, LISTS("0", "two") USER("user", "b_ids"), LISTS("0", "three") USER("user", "b_ids"), "SUT-B026 .BTF_ids",
	      DIFF_UNCHANGED, "another member");
	check(dir, QUIRK("user") "void user(void) {}\n", QUIRK("user") "int v;\nvoid user(void) { v++; }\n", "", DIFF_CHANGED,
	      "a function that is on a list changes");
	check(dir, "void user(void) {}\n", QUIRK("user") "void user(void) {}\n", "SUT-B026 .pci_fixup_final", DIFF_UNCHANGED,
	      "a new list");
	check(dir, QUIRK("user") "void user(void) {}\n", "void user(void) {}\n", "SUT-B026 .pci_fixup_final", DIFF_UNCHANGED,
	      "a list that goes");
	check(dir, "void user(void) {}\n", INIT("first") "void user(void) {}\n", "SUT-K008 first", DIFF_UNCHANGED,
	      "a new function for the start to call");
	check(dir, INIT("first") "void user(void) {}\n", "void user(void) {}\n", "", DIFF_UNCHANGED, "one that goes");
	rmdir(dir);
	return tap_done();
}

// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Code that reads what the kernel would write into it.
 *
 * The problem: a trace point, or whatever else depends on a static key, is a jump or a nop that the kernel rewrites
 * when the key changes. It takes the list of such places when a module is loaded, and each place names its key. The
 * patch of a module is loaded before that module is, or stays when it goes: at that time there is no key that could
 * be named. And kernels before 6.10 put what they remember of a module's places into the key itself, also into one
 * that is read-only since the kernel's start. Since 6.11, values that boot decides (where user memory ends, where the
 * table of names is) are constants in the code, which the kernel fills in once, and never in modules.
 *
 * The facts: nothing but speed depends on either. The key says in `enabled` what all its jumps do, and the kernel
 * itself asks so with static_key_enabled(). A static call (what a trace point calls) goes by a trampoline, which the
 * kernel keeps up to date as well as the places that it rewrites; a place that it does not know stays a call of it.
 * A constant's value is that of a variable, which stays there and never changes; architectures that have no such
 * constants read it (include/asm-generic/runtime-const.h).
 *
 * The plan: where a unit has such a place in code that goes into the patch, both of its versions are compiled once
 * more, in a folder of their own, with a header before the architecture's <asm/jump_label.h> that makes
 * arch_static_branch() an ordinary condition, and one before <asm/runtime-const.h> that makes a constant its variable.
 * (Of a module that is built outside, its source is copied once more: it is compiled where it lies.) These are
 * compared and carried; what was compiled before remains for the proof, as on architectures where that is another
 * compile anyway. The keys are those of the module, so a trace event that is switched on is seen from the patched
 * function, too.
 *
 * A key that is just being enabled reads -1: so what is not zero counts. The load acquires, as what the key is for
 * (a trace point's functions) was there before it was enabled.
 *
 * References: include/linux/jump_label.h, kernel/jump_label.c, kernel/static_call_inline.c,
 * arch/x86/include/asm/runtime-const.h in the kernel's source.
 */
#include "kernel/keys.h"
#include "kernel/modtree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The folder's name changes with these texts: what was compiled with others is not used. */
#define KEYS_DIR "keys-2"
static const struct header {
	const char *name;	/* below asm/ */
	const char *text;
} headers[] = {
	{"jump_label.h",
	 "#ifdef __ASSEMBLY__\n"
	 "#include_next <asm/jump_label.h>\n"
	 "#else\n"
	 "#define arch_static_branch suture_rewritten_branch\n"
	 "#define arch_static_branch_jump suture_rewritten_branch_jump\n"
	 "#include_next <asm/jump_label.h>\n"
	 "#undef arch_static_branch\n"
	 "#undef arch_static_branch_jump\n"
	 "#ifndef SUTURE_KEYS\n"
	 "#define SUTURE_KEYS\n"
	 "static __always_inline bool arch_static_branch(struct static_key *const key, const bool branch)\n"
	 "{\n"
	 "	return (__atomic_load_n(&key->enabled.counter, __ATOMIC_ACQUIRE) != 0) != branch;\n"
	 "}\n"
	 "#define arch_static_branch_jump arch_static_branch\n"
	 "#endif\n"
	 "#endif\n"},
	/* The guard is the architecture's: where the target's first header has the same, that is enough. */
	{"runtime-const.h",
	 "#ifdef __ASSEMBLY__\n"
	 "#include_next <asm/runtime-const.h>\n"
	 "#elif !defined(_ASM_RUNTIME_CONST_H)\n"
	 "#define _ASM_RUNTIME_CONST_H\n"
	 "#define runtime_const_ptr(var) (var)\n"
	 "#define runtime_const_shift_right_32(value, var) ((unsigned int)(value) >> (var))\n"
	 "#define runtime_const_init(type, var) do { } while (0)\n"
	 "#endif\n"},
};

static int write_headers(const char *dir, struct sut_err *err)
{
	int r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(headers) && !r; i++) {
		const struct header *h = &headers[i];
		char *path = path_join(dir, h->name);

		/* As it was: what includes it need not be compiled again. */
		if (!file_exists(path) && write_file(path, h->text, strlen(h->text)) < 0)
			r = sut_fail(err, SUT_E_IO, path, "%s", strerror(errno));
		free(path);
	}
	return r;
}

static char *cc_word(const struct ktree *t, const char *dir)
{
	const char *cc = ktree_cc(t, t->keys_out);

	return cc ? xasprintf("CC=%s -I%s", cc, dir) : xasprintf("CC=%sgcc -I%s", t->cross ? t->cross : "", dir);
}

char *keys_prepare(const struct ktree *t, struct sut_err *err)
{
	char *dir = path_join(t->dir, KEYS_DIR), *asm_dir = path_join(dir, "asm");
	char *ret = NULL;
	int r = 0;

	if (mkdir_p(asm_dir) < 0)
		r = sut_fail(err, SUT_E_IO, asm_dir, "%s", strerror(errno));
	if (!r)
		r = write_headers(asm_dir, err);
	/* What is prepared depends on none of it; make finds itself what the other flags change. */
	if (!r && !file_exists(t->keys_out))
		r = t->headers ? modtree_copy(t, t->keys_out, err) : tree_copy_whole(t->out, t->keys_out, err);
	/*
	 * The one variable of kbuild that stands before its own folders of headers. Makefiles of modules put folders of
	 * theirs there, which must stay: with them the header goes before all options.
	 */
	if (!r && !t->headers)
		ret = xasprintf("NOSTDINC_FLAGS=-nostdinc -I%s", dir);
	else if (!r)
		ret = cc_word(t, dir);
	free(asm_dir);
	free(dir);
	return ret;
}

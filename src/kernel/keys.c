// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Jump labels that read their key.
 *
 * The problem: a trace point, or whatever else depends on a static key, is a jump or a nop that the kernel rewrites
 * when the key changes. It takes the list of such places when a module is loaded, and each place names its key. The
 * patch of a module is loaded before that module is, or stays when it goes: at that time there is no key that could
 * be named. And kernels before 6.10 put what they remember of a module's places into the key itself, also into one
 * that is read-only since the kernel's start.
 *
 * The facts: nothing but speed depends on the jump. The key says in `enabled` what all its jumps do, and the kernel
 * itself asks so with static_key_enabled(). A static call (what a trace point calls) goes by a trampoline, which the
 * kernel keeps up to date as well as the places that it rewrites; a place that it does not know stays a call of it.
 *
 * The plan: where a unit has such a place in code that goes into the patch, both of its versions are compiled once
 * more, in a folder of their own, with a header before the architecture's <asm/jump_label.h> that makes
 * arch_static_branch() an ordinary condition. (Of a module that is built outside, its source is copied once more: it
 * is compiled where it lies.) These are compared and carried; what was compiled before remains for
 * the proof, as on architectures where that is another compile anyway. The keys are those of the module, so a trace
 * event that is switched on is seen from the patched function, too.
 *
 * A key that is just being enabled reads -1: so what is not zero counts. The load acquires, as what the key is for
 * (a trace point's functions) was there before it was enabled.
 *
 * References: include/linux/jump_label.h, kernel/jump_label.c, kernel/static_call_inline.c in the kernel's source.
 */
#include "kernel/keys.h"
#include "kernel/modtree.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* The folder's name changes with this text: what was compiled with another one is not used. */
#define KEYS_DIR "keys-1"
static const char header[] =
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
	"#endif\n";

static int write_header(const char *path, struct sut_err *err)
{
	return write_file(path, header, sizeof(header) - 1) < 0 ? sut_fail(err, SUT_E_IO, path, "%s", strerror(errno)) : 0;
}

static char *cc_word(const struct ktree *t, const char *dir)
{
	const char *cc = ktree_cc(t, t->keys_out);

	return cc ? xasprintf("CC=%s -I%s", cc, dir) : xasprintf("CC=%sgcc -I%s", t->cross ? t->cross : "", dir);
}

char *keys_prepare(const struct ktree *t, struct sut_err *err)
{
	char *dir = path_join(t->dir, KEYS_DIR), *asm_dir = path_join(dir, "asm"), *path = path_join(asm_dir, "jump_label.h");
	char *ret = NULL;
	int r = 0;

	if (mkdir_p(asm_dir) < 0)
		r = sut_fail(err, SUT_E_IO, asm_dir, "%s", strerror(errno));
	if (!r && !file_exists(path))
		r = write_header(path, err);
	/* What is prepared depends on no jump label; make finds itself what the other flags change. */
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
	free(path);
	free(asm_dir);
	free(dir);
	return ret;
}

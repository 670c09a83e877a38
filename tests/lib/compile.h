/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An object of this machine's compiler, made of a text. */
#ifndef SUTURE_TESTS_COMPILE_H
#define SUTURE_TESTS_COMPILE_H

#include "elf/elfobj.h"

#include <unistd.h>

/* Compiles @source in folder @dir, which is empty afterwards. NULL: it could not. */
static inline struct elf_obj *compile_text(const char *dir, const char *source, const char *flags)
{
	char *c = path_join(dir, "a.c"), *o = path_join(dir, "a.o");
	char *cmd = xasprintf("cc -O2 %s -c -o %s %s", flags, o, c);
	struct sut_err err = {0};
	struct elf_obj *obj = NULL;

	if (!write_file(c, source, strlen(source)) &&
	    !run_command((char *[]){"sh", "-c", cmd, NULL}, &(struct run_opts){0}))
		obj = elf_obj_open(o, &err);
	unlink(c);
	unlink(o);
	sut_err_free(&err);
	free(c);
	free(o);
	free(cmd);
	return obj;
}

#endif

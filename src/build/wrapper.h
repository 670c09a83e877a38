/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compiler wrapper: this program under a compiler's name, first on PATH during a captured
 * build.
 */
#ifndef SUTURE_BUILD_WRAPPER_H
#define SUTURE_BUILD_WRAPPER_H

#include "base/err.h"

/* Environment: where records go, and the folder of wrappers, to be left out of the search. */
#define WRAPPER_ENV_RECORDS "SUTURE_CAPTURE"
#define WRAPPER_ENV_BIN "SUTURE_CAPTURE_BIN"
/* Printed on stderr where a record could not be written: the capture looks for it in the log. */
#define WRAPPER_COMPLAINT "suture: cannot record the command"

/* True where a process with this argv[0] and environment is to be a wrapper. */
bool wrapper_is_wanted(const char *argv0);
/*
 * The whole process: records the command and becomes the real compiler. Returns an exit status, or
 * does not return. The only function of this layer that prints, because it is a program of its own.
 */
int wrapper_main(int argc, char **argv);
/*
 * Fills @dir with symbolic links to @exe (this program) for every compiler name on PATH.
 * -1 with E_IO.
 */
int wrapper_dir_create(const char *dir, const char *exe, struct sut_err *err);
/*
 * @words (a shell command or a variable's value) with absolute paths of compilers
 * ("CC=/usr/bin/gcc-12") replaced by wrappers below @dir, which are made. HOSTCC= is left alone.
 * Caller frees.
 */
char *wrapper_rewrite(const char *dir, const char *exe, const char *words);

#endif

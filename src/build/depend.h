/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What compilers say they read, against what the patches change. */
#ifndef SUTURE_BUILD_DEPEND_H
#define SUTURE_BUILD_DEPEND_H

#include "build/capture.h"

/*
 * Which units name a header that the patch creates: with it there they may include it, in place of
 * another one or behind __has_include. [unit], caller frees; NULL: the patch creates none.
 */
bool *depend_on_new(const struct capture *c, const struct patch_set *ps);
/*
 * Reads the dependency file @deps of the patched compile of @u, made in folder @cwd of @tree. Touched
 * files that were read and that @touched lacks are added to it. -1 with B_INCLUDE where a touched file
 * of another tree than @tree was read.
 */
int depend_check(const struct capture *c, const struct patch_set *ps, const struct unit *u,
		 const char *deps, const char *cwd, const char *tree, struct strvec *touched,
		 struct sut_err *err);
/* True for files of the common build systems: Makefile, CMakeLists.txt, configure.ac, debian/rules ... */
bool depend_is_build_file(const char *path);

#endif

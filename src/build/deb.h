/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Debian source packages: from a package's name to its source, its stock binaries, its build. */
#ifndef SUTURE_BUILD_DEB_H
#define SUTURE_BUILD_DEB_H

#include "build/apt.h"
#include "build/capture.h"

struct deb {
	struct apt apt;		/* of the host's architecture */
	char *arch;		/* Debian's name of the binaries' architecture; NULL: the host's */
	char *source;		/* source package */
	char *version;		/* of the source package */
	char *dir;		/* its folder below the cache */
	char *tree;		/* unpacked source, never built in */
	char *root;		/* the binary packages, unpacked */
	struct strvec objects;	/* executables and shared libraries below root: absolute paths */
	char *make;		/* shell command that builds it, for capture_opts.make */
	char *work;		/* for capture_opts.work */
	struct strvec env;	/* for capture_opts.env */
};

/*
 * @spec is NAME[:ARCH][=VERSION] of a source or binary package; without a version the one that is
 * installed, else the newest; ARCH is Debian's name of another architecture. @cache NULL: capture_cache_dir(). Downloads and unpacks what is not
 * there yet. -1 with B_DEB_NAME, B_DEB_FETCH, E_TOOL, E_IO, E_INTERRUPTED (@cancel, may be NULL).
 */
int deb_prepare(const char *spec, const char *cache, const volatile int *cancel, struct deb *ret,
		struct sut_err *err);
/* Installs missing build dependencies as root; else -1 with B_DEB_DEPS, which has the command. */
int deb_build_deps(const struct deb *d, struct sut_err *err);
/* deb_build_deps where a build is due, then capture_run. */
int deb_capture(const struct deb *d, const char *exe, const struct patch_set *patches,
		struct capture *ret, struct sut_err *err);
/*
 * The name that program @path (below d->root) is known by: packages have one program under several, as
 * links and as copies. The source package's own comes first, then a binary package's, then the shortest.
 * Fresh string.
 */
char *deb_program_name(const struct deb *d, const char *path);
void deb_free(struct deb *d);

#endif

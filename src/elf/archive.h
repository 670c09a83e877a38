/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Archives of objects (libNAME.a): which symbols their index has. */
#ifndef SUTURE_ELF_ARCHIVE_H
#define SUTURE_ELF_ARCHIVE_H

#include "base/util.h"

/* Appends the names that members of the archive at @path define. False: it is none, or has no index. */
bool archive_names(const char *path, struct strvec *ret);

#endif

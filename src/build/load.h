/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From records to units: the part of a capture that only reads. */
#ifndef SUTURE_BUILD_LOAD_H
#define SUTURE_BUILD_LOAD_H

#include "build/capture.h"

/* Reads all records of the work folder into units and links. -1 with E_IO, B_RECORD. */
int capture_load_records(struct capture *c, struct sut_err *err);
/*
 * Maps the user's folder to the copy in units from @first on, then drops those whose source is gone
 * and all but the last of those that make the same object.
 */
void capture_map_units(struct capture *c, size_t first);
void capture_free_links(struct capture *c);
/* @s with each path @from replaced by @to, where it ends or a slash or separator follows. */
char *path_map(const char *s, const char *from, const char *to);

/* True for names that compilers take as C, C++ or assembly sources. */
bool lines_is_source_name(const char *path);
/* True for text that a source can include: headers, tables, templates; also "x.c" files. */
bool lines_may_be_included(const char *path);

#endif

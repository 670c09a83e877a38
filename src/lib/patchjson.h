/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A patch file as JSON: what `inspect` shows and what other results say of the patch they are about. */
#ifndef SUTURE_LIB_PATCHJSON_H
#define SUTURE_LIB_PATCHJSON_H

#include "patch/patch.h"

#include <jansson.h>

/* Name, version, labels, digest: fresh object. */
json_t *patch_head_json(const struct patch *p);
/* Every object with its functions, new code and data, imports and memory needs: fresh array. */
json_t *patch_objects_json(const struct patch *p);

#endif

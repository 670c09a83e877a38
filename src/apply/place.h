/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting the images of a plan into the process. Nothing is redirected yet. */
#ifndef SUTURE_APPLY_PLACE_H
#define SUTURE_APPLY_PLACE_H

#include "apply/plan.h"

/*
 * Finds room, relocates, and maps all images, with one thread held and the others running; what an
 * earlier tool left half mapped is removed on the way. On failure nothing of ours stays. Errors: P_NO_ROOM, P_REACH, P_PLACE, those
 * of remote calls.
 */
int place_images(struct plan *pl, struct session *s, struct sut_err *err);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The flag that sut_set_cancel() was given, for the layers that take one. NULL: none. */
#ifndef SUTURE_LIB_CANCEL_H
#define SUTURE_LIB_CANCEL_H

const volatile int *lib_cancel(void);

#endif

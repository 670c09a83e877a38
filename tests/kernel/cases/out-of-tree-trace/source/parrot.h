/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef PARROT_H
#define PARROT_H

#include <linux/jump_label.h>
#include <linux/kernel.h>
#include <linux/module.h>
#include <parrot-trace.h>

extern char heard[16];
DECLARE_STATIC_KEY_FALSE(loud);

void hear(const char *text, size_t n);

#endif

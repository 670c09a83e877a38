/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_TESTS_SETS_H
#define SUTURE_TESTS_SETS_H

#define A32 __attribute__((target("arm"), noinline, noclone))
#define THUMB __attribute__((target("thumb"), noinline, noclone))

long a32_leaf(long n), thumb_leaf(long n), far_leaf(long n), far_calls(long n);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A module's file, laid out and relocated as if it were loaded somewhere. */
#ifndef SUTURE_KERNEL_LAYOUT_H
#define SUTURE_KERNEL_LAYOUT_H

#include "kernel/image.h"

/*
 * Reads a module (.ko, .ko.xz, .ko.zst, .ko.gz). Its symbol table, in its own order, takes the place of kallsyms;
 * what it does not define has type 'U' there and a place of its own. NULL with E_IO, E_ELF, K_MODULE.
 */
struct kimage *kimage_open_module(const char *path, struct sut_err *err);
/* The bytes of a module's file, decompressed: fresh. NULL with E_IO, K_MODULE. */
uint8_t *kimage_read_module(const char *path, size_t *ret_n, struct sut_err *err);
/* In which section of the .ko, and where in it, an address of its layout lies. False: in none. */
bool kimage_module_place(const struct kimage *k, uint64_t addr, uint32_t *ret_sec, uint64_t *ret_off);

#endif

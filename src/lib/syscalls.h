/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SUTURE_LIB_SYSCALLS_H
#define SUTURE_LIB_SYSCALLS_H

/* The name of a system call of this machine, or NULL. */
const char *syscall_name(long nr);

#endif

/* SPDX-License-Identifier: GPL-2.0-or-later */
int work(int n);
int work_direct(int n);
int work_kind(int n);
extern int work_exported;

/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifdef __SIZEOF_INT128__
typedef unsigned __int128 wide;
#else
typedef unsigned long long wide;
#endif

long ratio(long n, long m);
long rest(long n, long m);

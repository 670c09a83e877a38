/* SPDX-License-Identifier: GPL-2.0-or-later */
extern long total;
extern long (*volatile pointer)(long);
long plain(long n);
long many(long a, long b, long c, long d, long e, long f, long g, long h, long i, long j, double x, long k);
long sum(int n, ...);
long hop(long n);
long crossing(const char *s);
long recursive(long n);
long lib_call(long (*f)(long), long n);
long lib_number(const char *s);
long ahead_leaf(long n);
long ahead_calls(long n);

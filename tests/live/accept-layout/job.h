/* SPDX-License-Identifier: GPL-2.0-or-later */
struct job {
	long n;
	long limit;
};

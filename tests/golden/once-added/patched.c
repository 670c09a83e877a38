// SPDX-License-Identifier: GPL-2.0-or-later
int warn(int);
#define WARN_ONCE(x) ({ static _Bool __attribute__((section(".data.once"))) done; \
	if ((x) && !done) { done = 1; warn(__LINE__); } (x); })
int f(int x)
{
	if (WARN_ONCE(x < 5))
		return 1;
	if (WARN_ONCE(x > 90))
		return 2;
	return x * 3;
}

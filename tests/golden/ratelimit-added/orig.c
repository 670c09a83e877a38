// SPDX-License-Identifier: GPL-2.0-or-later
struct ratelimit_state { int lock, interval, burst, printed; unsigned long begin; };
int ratelimit(struct ratelimit_state *, const char *);
#define LIMITED(text) ({ static struct ratelimit_state _rs = {.interval = 5, .burst = 10}; ratelimit(&_rs, text); })
int f(int x)
{
	if (x > 90)
		return LIMITED("large");
	return x * 3;
}

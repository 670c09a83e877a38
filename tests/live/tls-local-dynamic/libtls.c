// SPDX-License-Identifier: GPL-2.0-or-later
#define HIDDEN __attribute__((visibility("hidden")))

static __thread long own_a = 20, own_b = 30, own_new;
HIDDEN __thread long hidden = 40;

long tls_both(long n);
long tls_hidden(long n);
long tls_new(long n);

/* One call for the module's block, then offsets in it: several variables make that worth while. */
long tls_both(long n)
{
	own_a += n;
	own_b += 2 * n;
	return own_a + own_b;
}

long tls_hidden(long n)
{
	hidden += n;
	return hidden;
}

long tls_new(long n)
{
	own_new += n;
	return own_new;
}

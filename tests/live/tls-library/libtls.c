// SPDX-License-Identifier: GPL-2.0-or-later
#include <stddef.h>

__thread long shared_count = 10;
static __thread long hidden_a = 20, hidden_b = 30;
__thread long early __attribute__((tls_model("initial-exec"))) = 40;

long tls_general(long n);
long tls_local(long n);
long tls_early(long n);

long tls_general(long n)
{
	shared_count += n;
	return shared_count;
}

long tls_local(long n)
{
	hidden_a += n;
	hidden_b += 2 * n;
	return hidden_a + hidden_b;
}

long tls_early(long n)
{
	early += n;
	return early;
}

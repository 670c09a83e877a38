// SPDX-License-Identifier: GPL-2.0-or-later
/* Maps as many bytes as it is told, uses them, and gives them back. */
#include <stdlib.h>
#include <sys/mman.h>

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 0) : 0;
	char *p = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return 1;
	p[0] = p[n - 1] = 1;
	return munmap(p, n) != 0;
}

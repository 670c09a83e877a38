// SPDX-License-Identifier: GPL-2.0-or-later
#include <grp.h>
#include <unistd.h>

/* Runs a program as nobody. */
int main(int argc, char **argv)
{
	if (setgroups(0, 0) || setgid(65534) || setuid(65534))
		return 1;
	execv(argv[1], argv + 1);
	return 127;
}

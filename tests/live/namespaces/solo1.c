// SPDX-License-Identifier: GPL-2.0-or-later
#define _GNU_SOURCE
#include <grp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* jail chroot|unshare|user PROGRAM: runs it there, as a child whose pid goes to jail.pid. */
int main(int argc, char **argv)
{
	FILE *f = fopen("jail.pid", "w");
	pid_t p;

	if (!strcmp(argv[1], "unshare") && unshare(CLONE_NEWPID | CLONE_NEWNS))
		return 1;
	p = fork();
	if (!p) {
		prctl(PR_SET_PDEATHSIG, 9);
		if (!strcmp(argv[1], "chroot") && chroot("."))
			return 1;
		if (!strcmp(argv[1], "user") && (setgroups(0, NULL) || setgid(65534) || setuid(65534)))
			return 1;
		execl(argv[2], argv[2], (char *)NULL);
		return 1;
	}
	fprintf(f, "%d\n", p);
	fclose(f);
	waitpid(p, NULL, 0);
	return 0;
}

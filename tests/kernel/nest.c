// SPDX-License-Identifier: GPL-2.0-or-later
/* Puts an event queue into another one, and that one into a third, as often as told. Says how often it could. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

int main(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 0, inner = epoll_create1(0), done = 0;

	while (done < n) {
		int outer = epoll_create1(0);
		struct epoll_event e = {.events = EPOLLIN};

		if (inner < 0 || outer < 0 || epoll_ctl(outer, EPOLL_CTL_ADD, inner, &e) < 0)
			break;
		inner = outer;
		done++;
	}
	printf("%d\n", done);
	return 0;
}

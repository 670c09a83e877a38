// SPDX-License-Identifier: GPL-2.0-or-later
#include "talk.h"

#include <dlfcn.h>

static NOINLINE bool talk(const char *word, long n, long m)
{
	static long (*plug)(long);
	static void *lib;

	if (IS("load")) {
		lib = dlopen("./libplug.so", RTLD_NOW);
		plug = (long (*)(long))dlsym(lib, "plug");
		printf("%d", plug != NULL);
	}
	if (IS("plug"))
		printf("%ld", plug(n));
	return true;
}

int main(void)
{
	talk_loop();
	return 0;
}

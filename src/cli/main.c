// SPDX-License-Identifier: GPL-2.0-or-later
#include "build/wrapper.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	/* Under a compiler's name, in a captured build, this program is that compiler. */
	if (argc > 0 && wrapper_is_wanted(argv[0]))
		return wrapper_main(argc, argv);
	puts("suture " SUTURE_VERSION);
	return 0;
}

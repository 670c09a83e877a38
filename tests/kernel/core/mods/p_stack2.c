// SPDX-License-Identifier: GPL-2.0-or-later
/* One of two patches of the same function, for patches on top of each other; with a state. */
#define NUMBER 2
#include "stack.h"

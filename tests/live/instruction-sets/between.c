// SPDX-License-Identifier: GPL-2.0-or-later
/* Farther than a Thumb branch reaches. Objects are linked in the order of their names. */
__asm__(".text\n\t.space 20 << 20");

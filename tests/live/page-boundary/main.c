// SPDX-License-Identifier: GPL-2.0-or-later
#define TALK_LEAVES_FRAMES
#include "talk.h"

__attribute__((section(".text.crossing"), aligned(4096), noinline)) long crossing(long n);
#define BEFORE
#if defined(__arm__)
/* The assembler pads a section of code to its alignment, so what fills the page is in another one. */
#define NOPS ".thumb\n.thumb_func\nfiller: bx lr\n" \
	".section .text.filler2,\"ax\",%progbits\n.thumb\n.fill 2045, 2, 0xbf00\n" \
	".section .text.filler,\"ax\",%progbits\n"
#elif defined(__riscv)
/* The same there; and else the linker has the last word on how much is filled. */
#undef BEFORE
#define BEFORE ".option norelax\n"
#define NOPS "filler: ret\n" \
	".section .text.filler2,\"ax\",%progbits\n.fill 2047, 2, 1\n" \
	".section .text.filler,\"ax\",%progbits\n"
#else
#define NOPS "filler: .fill 4093, 1, 0x90\nret\n"
#endif
__asm__(".section .text.filler,\"ax\",%progbits\n" BEFORE ".balign 4096\n.globl filler\n.type filler,%function\n"
	NOPS ".size filler, .-filler\n.previous\n");
void filler(void);

NOINLINE long value(long n)
{
	return n * 3 + 1;
}

static NOINLINE bool talk(const char *word, long n, long m)
{
	if (IS("value"))
		printf("%ld", value(n));
	if (IS("crosses"))
		printf("%d", ((unsigned long)value & 4094) == 4094);
	return true;
}

int main(int argc, char **argv)
{
	if (argc > 1000)
		filler();
	talk_loop();
	return 0;
}

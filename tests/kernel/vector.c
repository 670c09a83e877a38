// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Fills the vector registers, reads a file of /proc by a bare system call, and looks whether they are as they were:
 * vector FILE SECONDS. Says how many reads there were and what the last one gave.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { REGS = 8 };

static uint8_t in[REGS * 16] __attribute__((aligned(16))), out[REGS * 16] __attribute__((aligned(16)));

/* pread64(fd, buf, n, 0) with the registers loaded from @in before and stored to @out behind it. */
static long read_with(int fd, char *buf, long n)
{
/* PORT: eight vector registers around a system call */
#if defined(__x86_64__)
	register long r10 __asm__("r10") = 0;
	long r = SYS_pread64;

	__asm__ volatile("movdqa (%[i]), %%xmm0; movdqa 16(%[i]), %%xmm1; movdqa 32(%[i]), %%xmm2\n\t"
			 "movdqa 48(%[i]), %%xmm3; movdqa 64(%[i]), %%xmm4; movdqa 80(%[i]), %%xmm5\n\t"
			 "movdqa 96(%[i]), %%xmm6; movdqa 112(%[i]), %%xmm7\n\t"
			 "syscall\n\t"
			 "movdqa %%xmm0, (%[o]); movdqa %%xmm1, 16(%[o]); movdqa %%xmm2, 32(%[o])\n\t"
			 "movdqa %%xmm3, 48(%[o]); movdqa %%xmm4, 64(%[o]); movdqa %%xmm5, 80(%[o])\n\t"
			 "movdqa %%xmm6, 96(%[o]); movdqa %%xmm7, 112(%[o])"
			 : "+a"(r)
			 : "D"((long)fd), "S"(buf), "d"(n), "r"(r10), [i] "r"(in), [o] "r"(out)
			 : "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
	return r;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_pread64, x0 __asm__("x0") = fd, x2 __asm__("x2") = n, x3 __asm__("x3") = 0;
	register char *x1 __asm__("x1") = buf;
	uint8_t *i = in, *o = out;

	__asm__ volatile("ldp q0, q1, [%[i]]; ldp q2, q3, [%[i], #32]; ldp q4, q5, [%[i], #64]; ldp q6, q7, [%[i], #96]\n\t"
			 "svc #0\n\t"
			 "stp q0, q1, [%[o]]; stp q2, q3, [%[o], #32]; stp q4, q5, [%[o], #64]; stp q6, q7, [%[o], #96]"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), [i] "r"(i), [o] "r"(o)
			 : "memory", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7");
	return x0;
#elif defined(__arm__)
	/* r7 holds the number of the call, and is the compiler's frame pointer in Thumb code. */
	register long r0 __asm__("r0") = fd, r2 __asm__("r2") = n, r4 __asm__("r4") = 0, r5 __asm__("r5") = 0;
	register char *r1 __asm__("r1") = buf;
	register uint8_t *i __asm__("r8") = in, *o __asm__("r9") = out;

	__asm__ volatile(".fpu neon\n\tpush {r7}\n\t"
			 "vldmia %[i], {d0-d15}\n\tmovw r7, %[nr]\n\tsvc #0\n\tvstmia %[o], {d0-d15}\n\tpop {r7}"
			 : "+r"(r0)
			 : "r"(r1), "r"(r2), "r"(r4), "r"(r5), [i] "r"(i), [o] "r"(o), [nr] "i"(SYS_pread64)
			 : "memory", "d0", "d1", "d2", "d3", "d4", "d5", "d6", "d7", "d8", "d9", "d10", "d11", "d12", "d13",
			   "d14", "d15");
	return r0;
#elif defined(__powerpc64__)
	register long r0 __asm__("r0") = SYS_pread64, r3 __asm__("r3") = fd, r5 __asm__("r5") = n, r6 __asm__("r6") = 0;
	register char *r4 __asm__("r4") = buf;
	register uint8_t *i __asm__("r14") = in, *o __asm__("r15") = out;

	__asm__ volatile(".machine push; .machine power8\n\t"
			 "li 16,0; li 17,16; li 18,32; li 19,48; li 20,64; li 21,80; li 22,96; li 23,112\n\t"
			 "lvx 0,16,%[i]; lvx 1,17,%[i]; lvx 2,18,%[i]; lvx 3,19,%[i]\n\t"
			 "lvx 4,20,%[i]; lvx 5,21,%[i]; lvx 6,22,%[i]; lvx 7,23,%[i]\n\t"
			 "sc\n\t"
			 "stvx 0,16,%[o]; stvx 1,17,%[o]; stvx 2,18,%[o]; stvx 3,19,%[o]\n\t"
			 "stvx 4,20,%[o]; stvx 5,21,%[o]; stvx 6,22,%[o]; stvx 7,23,%[o]\n\t.machine pop"
			 : "+r"(r0), "+r"(r3), "+r"(r4), "+r"(r5), "+r"(r6)
			 : [i] "r"(i), [o] "r"(o)
			 : "memory", "cr0", "ctr", "xer", "r7", "r8", "r9", "r10", "r11", "r12", "r16", "r17", "r18", "r19",
			   "r20", "r21", "r22", "r23", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7");
	return r3;
#else
#error "no vector registers are known here"
#endif
}

int main(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 2 ? atoi(argv[2]) : 1);
	int fd = argc > 1 ? open(argv[1], O_RDONLY) : -1;
	char buf[4096];
	long n = 0;

	if (fd < 0)
		return 2;
	do {
		long got;

		for (int i = 0; i < REGS * 16; i++)
			in[i] = (uint8_t)(n + 7 * i + 1);
		memset(out, 0, sizeof(out));
		got = read_with(fd, buf, sizeof(buf) - 1);
		if (got <= 0 || memcmp(in, out, sizeof(in))) {
			printf("read %ld: %ld, the registers %s\n", n, got, memcmp(in, out, sizeof(in)) ? "differ" : "are kept");
			return 1;
		}
		buf[got] = '\0';
		n++;
	} while (time(NULL) < end);
	printf("%ld %s", n, buf);
	return 0;
}

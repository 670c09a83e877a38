// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Why the ppc64el guests boot with a hashed page table: the emulator runs old text.
 *
 * No part of Suture is in this. A child calls a function of two instructions, and then only looks at a
 * word. Its parent, on the other processor, writes another first instruction through /proc/PID/mem: the
 * kernel copies the page, which is a private one of a file, enters the copy and takes the old translation
 * back with `tlbie`. Then the child calls the function again, as a thread does that Suture stopped.
 *
 * QEMU (7.2; target/ppc/mmu_helper.c, helper_tlbie_isa300) makes one tlb_flush_page() of a radix tlbie
 * whatever the size of the page. That finds a large page in its TLB as a whole, but throws only the
 * translated blocks of the first 4 KiB out of the table that indirect branches and returns go by
 * (tb_jmp_cache). A page has 64 KiB: what lies further on is run as it was, until that processor turns to
 * another address space. The child *reads* the new instruction all that time.
 *
 *	make cross-ppc64el && tests/guest/radix.sh
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

__asm__(".section .text.pages,\"ax\",@progbits\n"
	".balign 65536\n"
	"at_start: li 3,1\n blr\n"
	".balign 65536\n"
	".space 0x5000\n"
	"inside: li 3,1\n blr\n"
	".balign 65536\n"
	".previous\n");
int at_start(void), inside(void);

static const uint32_t li_r3_2 = 0x38600002;

static struct shared {
	volatile uint64_t calls, old, but_read_new;
	volatile int write, waits, written;
} *shared;

static void run_on(int cpu)
{
	cpu_set_t s;

	CPU_ZERO(&s);
	CPU_SET(cpu, &s);
	sched_setaffinity(0, sizeof(s), &s);
}

static void child(int (*volatile f)(void))
{
	run_on(1);
	while (!shared->write)
		f();
	shared->waits = 1;
	while (!shared->written)
		;
	for (;;) {
		uint32_t read = *(volatile uint32_t *)(uintptr_t)f;
		int r = f();

		shared->calls++;
		shared->old += r == 1;
		shared->but_read_new += r == 1 && read == li_r3_2;
	}
}

static void try(const char *where, int (*volatile f)(void))
{
	struct timespec second = {1, 0}, moment = {0, 300000000};
	char path[40];
	pid_t pid;
	int fd;

	*shared = (struct shared){0};
	pid = fork();
	if (!pid)
		child(f);
	run_on(0);
	nanosleep(&moment, NULL);
	snprintf(path, sizeof(path), "/proc/%d/mem", (int)pid);
	fd = open(path, O_RDWR);
	shared->write = 1;
	while (!shared->waits)
		;
	if (pwrite(fd, &li_r3_2, 4, (off_t)(uintptr_t)f) != 4)
		perror(path);
	shared->written = 1;
	nanosleep(&second, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(fd);
	printf("%s: %llu calls in a second after the write, %llu of them of the old code, "
	       "%llu after the new word was read there\n",
	       where, (unsigned long long)shared->calls, (unsigned long long)shared->old,
	       (unsigned long long)shared->but_read_new);
	fflush(stdout);
}

int main(void)
{
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	for (int i = 0; i < 3; i++) {
		try("first 4 KiB of a page", at_start);
		try("20 KiB into a page   ", inside);
	}
	return 0;
}

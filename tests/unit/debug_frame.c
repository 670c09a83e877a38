// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * .debug_frame: which of its entries are believed, damage of every kind, and which files it is taken
 * from.
 */
#include "elf/debugfile.h"
#include "tap.h"
#include "unwind/debug_frame.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint8_t sec[1024];
static size_t n_sec;
static const struct unw_range code[] = {{0x1000, 0x9000}};

static void put(const void *p, size_t n)
{
	memcpy(sec + n_sec, p, n);
	n_sec += n;
}

static void word(uint32_t v)
{
	put(&v, 4);
}

static void close_entry(size_t at)
{
	while (n_sec % 4)
		sec[n_sec++] = 0;
	put32(sec + at, (uint32_t)(n_sec - at - 4));
}

/* A CIE of version 3 for 32-bit ARM: the frame begins at r13. */
static void begin(void)
{
	static const uint8_t cie[] = {3, 0, 2, 0x7c, 14, 0x0c, 13, 0};

	memset(sec, 0, sizeof(sec));
	n_sec = 0;
	word(0);
	word(0xffffffff);
	put(cie, sizeof(cie));
	close_entry(0);
}

/* A function whose frame is @cfa bytes from its first instruction on. */
static void func(uint32_t lo, uint32_t size, uint8_t cfa)
{
	const uint8_t prog[] = {0x0e, cfa, 0x8e, 1};
	size_t at = n_sec;

	word(0);
	word(0);
	word(lo);
	word(size);
	put(prog, sizeof(prog));
	close_entry(at);
}

static struct debug_frame *make(const uint8_t *p, size_t n, bool calls_only)
{
	return debug_frame_new(xmemdup(p, n ? n : 1), n, &unw_arch_arm, code, 1, calls_only);
}

static struct cfi_row row;

/* The frame's size at @pc, -1: it is refused, 0: nothing is said. */
static int64_t at(const struct debug_frame *df, uint64_t pc)
{
	int r = debug_frame_row(df, pc, &unw_arch_arm, &row);

	return r ? (r < 0 ? -1 : 0) : row.cfa_off;
}

static void believed(void)
{
	struct debug_frame *df;

	begin();
	func(0x3000, 0x10, 24);
	func(0x2001, 0x10, 16);		/* the Thumb bit */
	func(0, 0x20, 32);		/* thrown away */
	func(0xffffffff, 0, 32);
	func(0x40, 0x20, 32);		/* not in code */
	func(0x8ff8, 0x10, 32);		/* not all of it */
	df = make(sec, n_sec, false);
	if (!tap_ok(df != NULL, "a section"))
		return;
	tap_ok(at(df, 0x1fff) == 0 && at(df, 0x2000) == 16 && at(df, 0x200f) == 16 && at(df, 0x2010) == 0,
	       "a range, the bit of the instruction set taken off");
	tap_ok(at(df, 0x3004) == 24 && row.method == UNW_DEBUG_FRAME && row.func_lo == 0x3000 &&
	       row.func_hi == 0x3010 && !row.calls_only, "a row knows its method and function");
	tap_ok(at(df, 0x10) == 0 && at(df, 0x50) == 0 && at(df, 0x8ff8) == 0 && at(df, 0) == 0,
	       "what is not in code is not there");
	debug_frame_free(df);
	df = make(sec, n_sec, true);
	tap_ok(at(df, 0x3004) == 24 && row.calls_only, "of another compiler's code, rows are about calls");
	debug_frame_free(df);
	tap_ok(!debug_frame_new(xmemdup(sec, n_sec), n_sec, &unw_arch_arm, code, 0, false),
	       "no code, nothing to say");
}

/* glibc's signal trampolines have an augmentation of one letter, and nothing that says how long it is. */
static void trampoline(void)
{
	static const uint8_t cie[] = {1, 'S', 0, 2, 0x7c, 14, 0x0c, 13, 0};
	struct debug_frame *df;

	memset(sec, 0, sizeof(sec));
	n_sec = 0;
	word(0);
	word(0xffffffff);
	put(cie, sizeof(cie));
	close_entry(0);
	func(0x2000, 0x10, 16);
	df = make(sec, n_sec, false);
	tap_ok(at(df, 0x2004) == 16 && row.is_signal, "a signal trampoline");
	debug_frame_free(df);
	sec[9] = 'R';
	tap_ok(!make(sec, n_sec, false), "an augmentation with data needs its length");
}

static void disputed(void)
{
	struct debug_frame *df;

	begin();
	func(0x2000, 0x40, 16);
	func(0x2000, 0x40, 16);
	func(0x2030, 0x40, 24);
	func(0x4000, 0x100, 16);
	func(0x4010, 0x10, 24);
	func(0x4080, 0x10, 24);
	func(0x5000, 0x10, 16);
	func(0x5000, 0x10, 16);
	func(0x6000, 0x10, 16);
	func(0x6000, 0x10, 20);
	func(0x6010, 0x10, 20);
	df = make(sec, n_sec, false);
	tap_ok(at(df, 0x2000) == -1 && at(df, 0x2038) == -1 && at(df, 0x2060) == -1, "two that overlap");
	tap_ok(at(df, 0x4000) == -1 && at(df, 0x4014) == -1 && at(df, 0x4084) == -1 && at(df, 0x40f0) <= 0,
	       "one inside of another");
	tap_ok(at(df, 0x5004) == 16, "twice the same");
	tap_ok(at(df, 0x6004) == -1 && at(df, 0x6010) == 20, "one place, two descriptions");
	debug_frame_free(df);
}

static void damaged(void)
{
	struct debug_frame *df;
	unsigned int seed = 7, whole = 0, rows = 0;

	begin();
	func(0x2000, 0x40, 16);
	func(0x3000, 0x40, 24);
	for (size_t n = 0; n < n_sec; n++) {
		df = make(sec, n, false);
		whole += df && at(df, 0x3000) == 24;
		debug_frame_free(df);
	}
	tap_ok(!whole, "no prefix is taken for the whole");
	put32(sec + n_sec, 0x7fffffff);
	df = make(sec, n_sec + 4, false);
	tap_ok(!df, "damage behind the last entry spoils it");
	debug_frame_free(df);
	for (int i = 0; i < 100000; i++) {
		uint8_t *bad = xmemdup(sec, n_sec);

		for (int k = 0; k < 1 + i % 3; k++)
			bad[rand_r(&seed) % n_sec] = (uint8_t)rand_r(&seed);
		df = make(bad, n_sec, false);
		for (uint64_t pc = 0x1ff0; df && pc < 0x3060; pc += 16)
			rows += at(df, pc) > 0;
		debug_frame_free(df);
		free(bad);
	}
	tap_ok(rows > 1000, "100000 changed sections, none a fault");
}

/* ---- files ---- */

static char dir[] = "/tmp/debugfile-XXXXXX";

static bool sh(const char *cmd)
{
	char line[1200];

	snprintf(line, sizeof(line), "cd %s && { %s; } >log 2>&1", dir, cmd);
	return !system(line);
}

static struct debugfile_want want;
static Elf64_Phdr phdrs[16];
static uint8_t id[20];

static bool reads(const char *name, struct debugfile *d)
{
	char path[64];
	bool good;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_RDONLY);
	good = debugfile_read(fd, &want, d);
	close(fd);
	return good;
}

/* What the memory of a process that runs `prog` would tell. */
static bool describe(void)
{
	char path[64];
	uint8_t *p;
	size_t n;
	const Elf64_Ehdr *eh;

	snprintf(path, sizeof(path), "%s/prog", dir);
	if (read_file(path, &p, &n))
		return false;
	eh = (const void *)p;
	want = (struct debugfile_want){
		.machine = eh->e_machine, .elf_class = ELFCLASS64, .build_id = id, .build_id_size = 20,
		.phdrs = phdrs, .n_phdrs = MIN(eh->e_phnum, 16),
	};
	memcpy(phdrs, p + eh->e_phoff, want.n_phdrs * sizeof(phdrs[0]));
	memset(id, 0x5a, sizeof(id));
	free(p);
	return true;
}

static void cut_files(const char *name)
{
	char path[64], cut[64];
	struct debugfile d;
	unsigned int seed = 3, same = 0;
	uint8_t *p;
	size_t n;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	snprintf(cut, sizeof(cut), "%s/cut", dir);
	if (read_file(path, &p, &n))
		return;
	for (size_t len = 0; len < n; len += 97) {
		write_file(cut, p, len);
		same += reads("cut", &d) && d.frame;
		debugfile_free(&d);
	}
	tap_ok(!same, "%s: cut off anywhere, it has no frames", name);
	for (int i = 0; i < 3000; i++) {
		uint8_t *bad = xmemdup(p, n);

		/* Heads first: that is where the reader looks. */
		for (int k = 0; k < 4; k++)
			bad[k % 2 ? rand_r(&seed) % n : n - 1 - rand_r(&seed) % MIN(n, 4000)] =
				(uint8_t)rand_r(&seed);
		write_file(cut, bad, n);
		same += reads("cut", &d);
		debugfile_free(&d);
		free(bad);
	}
	tap_ok(same > 0, "%s: 3000 changed files, none a fault", name);
	free(p);
}

static void files(void)
{
	struct debugfile d;
	size_t size;

	if (!mkdtemp(dir))
		return;
	if (!sh("echo 'int f(int a) { return a * 3; } int main(int c, char **v) { return f(c); }' >a.c && "
		"gcc -g -O2 -fno-asynchronous-unwind-tables -fno-unwind-tables a.c -o prog "
		"-Wl,--build-id=0x5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a && "
		"objcopy --only-keep-debug prog prog.debug && "
		"objcopy --only-keep-debug --compress-debug-sections prog small.debug && "
		"objcopy --strip-debug --add-gnu-debuglink=prog.debug prog stripped && "
		"objcopy --remove-section .comment prog anonymous") || !describe()) {
		tap_ok(false, "files were made (see %s/log)", dir);
		return;
	}
	tap_ok(reads("prog", &d) && d.frame && d.only_gcc && !d.link, "the object itself");
	size = d.frame_size;
	debugfile_free(&d);
	tap_ok(reads("prog.debug", &d) && d.frame && d.only_gcc, "a debug file");
	debugfile_free(&d);
	tap_ok(reads("small.debug", &d) && d.frame && d.frame_size == size, "a compressed one");
	debugfile_free(&d);
	tap_ok(reads("stripped", &d) && !d.frame && d.link && !strcmp(d.link, "prog.debug"),
	       "a stripped object names its debug file");
	debugfile_free(&d);
	tap_ok(reads("anonymous", &d) && d.frame && !d.only_gcc, "code of an unknown compiler");
	debugfile_free(&d);
	phdrs[3].p_memsz++;
	tap_ok(!reads("prog.debug", &d), "executable segments of another size are another program's");
	phdrs[3].p_memsz--;
	id[19]++;
	tap_ok(!reads("prog", &d) && !reads("prog.debug", &d), "another build-id is another program's");
	id[19]--;
	want.build_id_size = 0;
	tap_ok(!reads("prog", &d), "no build-id is none");
	want.build_id_size = 20;
	want.machine++;
	tap_ok(!reads("prog", &d), "nor is another machine's");
	want.machine--;
	cut_files("prog.debug");
	cut_files("small.debug");
	remove_tree(dir);
}

int main(void)
{
	believed();
	trampoline();
	disputed();
	damaged();
	files();
	return tap_done();
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A program to be patched, compiled when a test runs, and patches for it made by hand.
 *
 * outer() calls a() and b(); only 11 (all old) and 122 (all new) are whole answers. The workers
 * call it all the time and count every other answer.
 */
#ifndef SUTURE_TESTS_VICTIM_H
#define SUTURE_TESTS_VICTIM_H

#include "elf/elfobj.h"
#include "sample_patch.h"
#include "target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static const char victim_source[] =
	"#include <pthread.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
	"#define F __attribute__((noinline, noclone, noipa))\n"
	"static int hold[2]; volatile long wrong, calls; volatile int held_saw;\n"
	"F int a(int n) { if (n > 5) return n * 3; return 1; }\n"
	"F int b(int n) { if (n > 6) return n * 5; return 1; }\n"
	"F int outer(void) { int x = a(0); return x * 10 + b(0); }\n"
	"F int held(int n) { char c; if (read(hold[0], &c, 1) < 0) return -1; return n + 1; }\n"
	"static void *work(void *p) { for (;;) { for (int i = 0; i < 200; i++) {\n"
	" int r = outer(); if (r != 11 && r != 122) wrong++; calls++; } usleep(500); } return p; }\n"
	"static void *sit(void *p) { held_saw = held(40); return p; }\n"
	"int main(int argc, char **argv) { pthread_t t; char c;\n"
	" if (pipe(hold)) return 1;\n"
	" for (int i = 0; i < atoi(argv[1]); i++) pthread_create(&t, 0, work, 0);\n"
	" while (read(0, &c, 1) == 1) { if (c == 'h') pthread_create(&t, 0, sit, 0);\n"
	"  if (c == 'r') { if (write(hold[1], &c, 1) != 1) return 1; usleep(20000); }\n"
	"  printf(\"%d %ld %d\\n\", outer(), wrong, held_saw); fflush(stdout); } return 0; }\n";

struct victim {
	pid_t pid;
	int in, out;
	struct elf_obj *elf;
	char path[128];
};

static inline bool victim_build(struct victim *v, const char *dir, bool pie)
{
	char src[128];
	char *argv[] = {"gcc", "-O1", "-g0", pie ? "-fPIE" : "-fno-pie", pie ? "-pie" : "-no-pie",
			"-Wl,--build-id", "-pthread", "-o", v->path, src, NULL};
	struct run_opts o = {0};
	struct sut_err err = {0};

	memset(v, 0, sizeof(*v));
	snprintf(src, sizeof(src), "%s/victim.c", dir);
	snprintf(v->path, sizeof(v->path), "%s/victim-%s", dir, pie ? "pie" : "nopie");
	if (write_file(src, victim_source, strlen(victim_source)) < 0 || run_command(argv, &o) != 0)
		return false;
	v->elf = elf_obj_open(v->path, &err);
	sut_err_free(&err);
	return v->elf && v->elf->build_id;
}

static inline bool victim_start(struct victim *v, int threads)
{
	int in[2], out[2];
	char n[16];

	if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC))
		return false;
	snprintf(n, sizeof(n), "%d", threads);
	v->pid = fork();
	if (!v->pid) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execl(v->path, v->path, n, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	v->in = in[1];
	v->out = out[0];
	return v->pid > 0;
}

/* Sends a command; the answer of outer(), or -1. @wrong counts answers that were neither. */
static inline int victim_ask(struct victim *v, char cmd, long *wrong, int *held)
{
	char line[64];
	size_t n = 0;
	int r, h;
	long w;

	if (write(v->in, &cmd, 1) != 1)
		return -1;
	while (n < sizeof(line) - 1 && read(v->out, line + n, 1) == 1 && line[n] != '\n')
		n++;
	line[n] = '\0';
	if (sscanf(line, "%d %ld %d", &r, &w, &h) != 3)
		return -1;
	if (wrong)
		*wrong = w;
	if (held)
		*held = h;
	return r;
}

static inline bool victim_stop(struct victim *v)
{
	int st = 0;

	close(v->in); /* end of input: it returns 0 from main, if it is in health */
	close(v->out);
	waitpid(v->pid, &st, 0);
	return WIFEXITED(st) && !WEXITSTATUS(st);
}

static inline const struct elf_sym *victim_sym(const struct victim *v, const char *name)
{
	for (size_t i = 1; i < v->elf->n_syms; i++)
		if (!strcmp(v->elf->syms[i].name, name))
			return &v->elf->syms[i];
	return NULL;
}

/* The old copy: the linked bytes, with what they refer to made into relocations again. */
static inline void victim_relocate_copy(struct patch_object *o, uint32_t sec, uint64_t addr)
{
	struct target_dis *dis = target_dis_open(&target_x86_64);
	struct patch_sec *s = &o->secs[sec];
	size_t n = s->size;
	struct insn in;

	for (size_t at = 0; at < n; at += in.len) {
		if (target_x86_64.decode(dis, s->data + at, n - at, addr + at, &in) < 0)
			break;
		if (!in.has_target || in.field_len != 4 || (in.target >= addr && in.target < addr + n))
			continue;
		memset(s->data + at + in.field_off, 0, 4);
		sample_rel(o, sec, at + in.field_off, R_X86_64_PC32,
			   sample_sym(o, "ref", PSYM_OBJECT, 0, in.target, 0),
			   (int64_t)in.field_off - in.len);
		s = &o->secs[sec];
	}
	target_dis_close(dis);
}

static inline struct patch_func *victim_func(struct victim *v, struct patch_object *o,
					     const char *name, const uint8_t *code, size_t n)
{
	const struct elf_sym *y = victim_sym(v, name);
	struct patch_func *f = sample_func(o, name, y->value, elf_obj_at(v->elf, y->value, y->size),
					   y->size, code, n);

	victim_relocate_copy(o, (uint32_t)o->n_secs - 1, y->value);
	return f;
}

/* One CIE, and an FDE for @sym with the given instructions (at most 24 bytes, nop-padded). */
static inline void victim_cfi(struct patch_object *o, uint32_t sym, const uint8_t *insn, size_t n)
{
	uint8_t rec[24 + 48] = {20, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0x1b,
				12, 7, 8, 0x90, 1, 0, 0};
	uint32_t len = 44, back = 28, range = (uint32_t)o->syms[sym].size, sec;

	memcpy(rec + 24, &len, 4);
	memcpy(rec + 28, &back, 4);
	memcpy(rec + 36, &range, 4);
	if (n)
		memcpy(rec + 41, insn, n);
	sec = sample_sec(o, ".eh_frame", PSEC_EHFRAME, rec, sizeof(rec));
	sample_rel(o, sec, 32, R_X86_64_PC32, sym, 0);
}

/* outer, a and b: all answers become 122. */
static inline struct patch *victim_patch(struct victim *v, const char *name)
{
	static const uint8_t two[] = {0xb8, 2, 0, 0, 0, 0xc3};
	static const uint8_t outer[] = {0x53, 0xe8, 0, 0, 0, 0, 0x89, 0xc3, 0xe8, 0, 0, 0, 0, 0x6b,
					0xdb, 0x0a, 0x01, 0xd8, 0x83, 0xc0, 0x64, 0x5b, 0xc3};
	static const uint8_t cfi[] = {0x41, 0x0e, 16, 0x83, 2, 0x55, 0x0e, 8};
	struct patch *p = xcalloc(1, sizeof(*p));
	struct patch_object *o;
	struct patch_func *f;
	uint32_t sec;

	p->name = xstrdup(name);
	p->version = xstrdup("1");
	strvec_push(&p->cves, "CVE-2026-0001");
	o = sample_object(p, path_base(v->path), v->elf->build_id, v->elf->build_id_size);
	f = victim_func(v, o, "a", two, sizeof(two));
	victim_cfi(o, f->new_sym, NULL, 0);
	f = victim_func(v, o, "b", two, sizeof(two));
	victim_cfi(o, f->new_sym, NULL, 0);
	sec = (uint32_t)o->n_secs;
	f = victim_func(v, o, "outer", outer, sizeof(outer));
	victim_cfi(o, f->new_sym, cfi, sizeof(cfi));
	sample_rel(o, sec, 2, R_X86_64_PLT32,
		   sample_sym(o, "a", PSYM_OBJECT, 0, victim_sym(v, "a")->value, 0), -4);
	sample_rel(o, sec, 9, R_X86_64_PLT32,
		   sample_sym(o, "b", PSYM_OBJECT, 0, victim_sym(v, "b")->value, 0), -4);
	return p;
}

/* One function that returns a constant. */
static inline struct patch *victim_patch_const(struct victim *v, const char *name,
					       const char *func, uint32_t value)
{
	uint8_t code[] = {0xb8, 0, 0, 0, 0, 0xc3};
	struct patch *p = xcalloc(1, sizeof(*p));
	struct patch_object *o;

	memcpy(code + 1, &value, 4);
	p->name = xstrdup(name);
	o = sample_object(p, path_base(v->path), v->elf->build_id, v->elf->build_id_size);
	victim_cfi(o, victim_func(v, o, func, code, sizeof(code))->new_sym, NULL, 0);
	return p;
}

#endif

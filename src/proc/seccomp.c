// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Seccomp filters are classic BPF programs over struct seccomp_data; all of a thread's filters run
 * and the gravest action wins. The kernel hands them out to CAP_SYS_ADMIN. The interpreter takes
 * only what seccomp itself accepts (kernel/seccomp.c, seccomp_check_filter): word loads from the
 * data, no packets.
 */
#include "proc/seccomp.h"
#include "proc/status.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

void seccomp_read(struct seccomp_filters *f, pid_t pid, pid_t tid)
{
	struct proc_status st;

	memset(f, 0, sizeof(*f));
	if (proc_status_read(&st, pid, tid))
		return;
	f->mode = st.seccomp;
	if (f->mode != 2)
		return;
	for (unsigned long i = 0;; i++) {
		long n = ptrace(PTRACE_SECCOMP_GET_FILTER, tid, i, NULL);
		struct seccomp_prog *p;

		if (n < 0) {
			/* ENOENT: that was the last one. */
			if (errno != ENOENT || i == 0) {
				f->unreadable = true;
				f->errno_why = errno;
			}
			return;
		}
		p = VEC_PUSH(f->v, f->n, f->cap);
		p->n = (size_t)n;
		p->insn = xcalloc(p->n + 1, sizeof(*p->insn));
		if (ptrace(PTRACE_SECCOMP_GET_FILTER, tid, i, p->insn) != n) {
			f->unreadable = true;
			f->errno_why = errno;
			return;
		}
	}
}

void seccomp_free(struct seccomp_filters *f)
{
	for (size_t i = 0; i < f->n; i++)
		free(f->v[i].insn);
	free(f->v);
	memset(f, 0, sizeof(*f));
}

static bool alu(uint32_t *a, unsigned int op, uint32_t v)
{
	switch (op) {
	case BPF_ADD: *a += v; return true;
	case BPF_SUB: *a -= v; return true;
	case BPF_MUL: *a *= v; return true;
	case BPF_DIV:
	case BPF_MOD:
		if (!v)
			return false;
		*a = op == BPF_DIV ? *a / v : *a % v;
		return true;
	case BPF_OR: *a |= v; return true;
	case BPF_AND: *a &= v; return true;
	case BPF_XOR: *a ^= v; return true;
	case BPF_LSH: *a = v < 32 ? *a << v : 0; return true;
	case BPF_RSH: *a = v < 32 ? *a >> v : 0; return true;
	case BPF_NEG: *a = 0 - *a; return true;
	}
	return false;
}

static bool compare(uint32_t a, unsigned int op, uint32_t v)
{
	switch (op) {
	case BPF_JEQ: return a == v;
	case BPF_JGT: return a > v;
	case BPF_JGE: return a >= v;
	default: return a & v;
	}
}

uint32_t seccomp_run(const struct sock_filter *insn, size_t n, const void *data, size_t size)
{
	uint32_t a = 0, x = 0, m[BPF_MEMWORDS] = {0}, v;

	/* Jumps go forward only, so the loop ends. */
	for (size_t pc = 0; pc < n; pc++) {
		const struct sock_filter *i = &insn[pc];
		unsigned int op = BPF_OP(i->code);

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
		case BPF_LDX:
			if (BPF_MODE(i->code) == BPF_IMM) {
				v = i->k;
			} else if (BPF_MODE(i->code) == BPF_LEN) {
				v = (uint32_t)size;
			} else if (BPF_MODE(i->code) == BPF_MEM && i->k < BPF_MEMWORDS) {
				v = m[i->k];
			} else if (BPF_MODE(i->code) == BPF_ABS && i->k % 4 == 0 && size >= 4 &&
				   i->k <= size - 4) {
				memcpy(&v, (const uint8_t *)data + i->k, 4);
			} else {
				return SECCOMP_RET_KILL_PROCESS;
			}
			if (BPF_CLASS(i->code) == BPF_LD)
				a = v;
			else
				x = v;
			break;
		case BPF_ST:
		case BPF_STX:
			if (i->k >= BPF_MEMWORDS)
				return SECCOMP_RET_KILL_PROCESS;
			m[i->k] = BPF_CLASS(i->code) == BPF_ST ? a : x;
			break;
		case BPF_ALU:
			if (!alu(&a, op, BPF_SRC(i->code) == BPF_X ? x : i->k))
				return SECCOMP_RET_KILL_PROCESS;
			break;
		case BPF_JMP:
			if (op == BPF_JA) {
				pc += i->k;
				break;
			}
			if (op != BPF_JEQ && op != BPF_JGT && op != BPF_JGE && op != BPF_JSET)
				return SECCOMP_RET_KILL_PROCESS;
			pc += compare(a, op, BPF_SRC(i->code) == BPF_X ? x : i->k) ? i->jt : i->jf;
			break;
		case BPF_RET: return BPF_RVAL(i->code) == BPF_A ? a : i->k;
		case BPF_MISC:
			if (BPF_MISCOP(i->code) == BPF_TAX)
				x = a;
			else
				a = x;
			break;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

uint32_t seccomp_eval(const struct seccomp_filters *f, uint32_t arch, long nr, uint64_t ip,
		      const uint64_t args[6])
{
	struct seccomp_data d = {.nr = (int)nr, .arch = arch, .instruction_pointer = ip};
	uint32_t worst = SECCOMP_RET_ALLOW;

	if (f->mode == 0)
		return SECCOMP_RET_ALLOW;
	if (f->mode == 1 || f->unreadable)
		return SECCOMP_RET_KILL_PROCESS;
	for (int i = 0; i < 6; i++)
		d.args[i] = args[i];
	for (size_t i = 0; i < f->n; i++) {
		uint32_t r = seccomp_run(f->v[i].insn, f->v[i].n, &d, sizeof(d));

		/* The smaller value, as a signed number, is the graver action. */
		if ((int32_t)(r & SECCOMP_RET_ACTION_FULL) <
		    (int32_t)(worst & SECCOMP_RET_ACTION_FULL))
			worst = r;
	}
	return worst;
}

bool seccomp_allows(uint32_t action)
{
	uint32_t a = action & SECCOMP_RET_ACTION_FULL;

	return a == SECCOMP_RET_ALLOW || a == SECCOMP_RET_LOG;
}

const char *seccomp_action_name(uint32_t action)
{
	switch (action & SECCOMP_RET_ACTION_FULL) {
	case SECCOMP_RET_KILL_PROCESS: return "kill the process";
	case SECCOMP_RET_KILL_THREAD: return "kill the thread";
	case SECCOMP_RET_TRAP: return "send SIGSYS";
	case SECCOMP_RET_ERRNO: return "answer an error";
	case SECCOMP_RET_USER_NOTIF: return "ask a supervisor";
	case SECCOMP_RET_TRACE: return "ask a tracer";
	case SECCOMP_RET_LOG: return "allow and log";
	case SECCOMP_RET_ALLOW: return "allow";
	}
	return "kill the process";
}

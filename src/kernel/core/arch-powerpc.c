// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * ppc64le (ELFv2).
 *
 * Redirect: functions have `mflr r0; bl _mcount` at their local entry, before anything else (-mprofile-kernel).
 * ftrace saves all registers, and goes on at the nip that the callback left. The new function is in another
 * module with another TOC, so it must be entered at its global entry, with r12 holding its address.
 *
 * The problem is r2 when it returns. A caller in another module than the old function restores its own r2:
 * the instruction behind its call is `ld r2,24(r1)`. A caller in the same module (all of the kernel is one)
 * called the local entry and goes on as if r2 had never changed. For those somebody must put the TOC back,
 * so the new function has to return to us first, and the caller's return address must be kept: not on the
 * stack, as arguments past the eighth are found by their distance from r1, which therefore must not move.
 *
 * It is kept in a word of the caller's frame that is free just then. ELFv2 reserves 24(r1) of every frame
 * for saving r2 around calls that change it. The call of a local function changes nothing, so either the
 * caller does not use that word, or it holds the caller's r2, which is a constant, and is put back with
 * r2 itself. So there is nothing to allocate and no depth that could be exceeded:
 *
 *	entry:	mflr r0; std r0,24(r1)		the caller's return address
 *		mtctr r12; bctrl		the new function
 *		r2 = the caller's TOC		(a constant: there is an entry for each module that is patched)
 *		ld r0,24(r1); std r2,24(r1)
 *		mtlr r0; blr
 *
 * It runs after ftrace has put back all registers, so that another user of ftrace who changed the return
 * address (the function graph tracer) has done so before. Whether a caller is local is told by the word that
 * the entry code of ftrace saved in the caller's frame, as the register may hold a tracer's address.
 *
 * That word may be the trampoline of a tracer or a return probe: then a function ended in a jump to this one,
 * and its caller is known to the tracer alone. Such a caller may be local or not, so both r2 and 24(r1) must
 * be as they were. There are two such trampolines, so the return address needs no room: see suture_ppc_hooked.
 *
 * Walk: the kernel's own reliable stack walk. It knows nothing of the return address at 24(r1), so where it
 * meets an entry of ours the stack is scanned word by word instead.
 *
 * Not covered: a CPU on which ftrace is off (paca->ftrace_enabled: hotplug, parts of KVM) calls the old
 * code, as with the kernel's livepatch.
 */
#include <linux/elf.h>
#include <linux/kallsyms.h>
#include <linux/sched/task_stack.h>
#include <linux/stacktrace.h>
#include <linux/uaccess.h>
#include <asm/paca.h>

#include "core.h"
#include "site-ftrace.h"

#if !defined(CONFIG_PPC64_ELF_ABI_V2) || defined(CONFIG_PPC_KERNEL_PCREL)
#error "suture_core knows the ELFv2 ABI with a TOC only"
#endif
#ifdef CONFIG_PPC_FTRACE_OUT_OF_LINE
/* 6.13: functions branch to a stub that calls ftrace. */
#error "suture_core knows calls of ftrace in the functions only"
#endif

#define INSN_LD_R2	0xe8410018	/* ld r2,24(r1) */
#define INSN_NOP	0x60000000
#define INSN_TRAP	0x7fe00008	/* a probe's breakpoint */
#define INSN_B		0x48000000

/* arch-powerpc-entry.S */
#define ENTRIES 32
#define ENTRY_SIZE 64
#define ENTRY_TOC 48
extern char suture_ppc_entries[ENTRIES * ENTRY_SIZE];
#define HOOKED_SIZE 128
#define HOOKED_TOC 88		/* and behind it the two trampolines */
extern char suture_ppc_hooked[ENTRIES * HOOKED_SIZE];

/* Return addresses that are no caller's: of the function graph tracer, of return probes. */
static unsigned long trampolines[2];

/* Under suture_mutex: which TOC each entry puts back, and how many sites use it. */
static struct {
	unsigned long toc;
	unsigned int users;
} entries[ENTRIES];

static int (*walk_reliable)(stack_trace_consume_fn consume, void *cookie, struct task_struct *task);

const unsigned long arch_ftrace_flags = FTRACE_OPS_FL_SAVE_REGS;

/* The handler, which calls this, runs with preemption off: that holds a probe that is looked at. */
static bool notrace restores_r2(const u32 *back)
{
	const struct kprobe *probe;
	u32 insn = READ_ONCE(*back);

	if (insn == INSN_LD_R2)
		return true;
	if (insn != INSN_TRAP && insn >> 26 != INSN_B >> 26)
		return false;
	/* Under a probe's breakpoint, or its branch to where it is handled faster. */
	probe = suture_kernel.get_kprobe((void *)back);
	/* No probe: it was none, or it has gone, and its instruction came back before. */
	return (probe ? probe->opcode : READ_ONCE(*back)) == INSN_LD_R2;
}
NOKPROBE_SYMBOL(restores_r2);

void notrace arch_redirect(struct ftrace_regs *fregs, const struct suture_site *site, unsigned long to)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	unsigned long back = ((unsigned long *)regs->gpr[1])[2];
	unsigned long entry = site->extra - (unsigned long)suture_ppc_entries;

	regs->gpr[12] = to;
	if (back == trampolines[0] || back == trampolines[1])
		to = (unsigned long)suture_ppc_hooked + entry / ENTRY_SIZE * HOOKED_SIZE;
	else if (!restores_r2((const u32 *)back))
		to = site->extra;
	regs_set_return_ip(regs, to);
}
NOKPROBE_SYMBOL(arch_redirect);

int arch_init(void)
{
	walk_reliable = (void *)symbols_function("arch_stack_walk_reliable");
	trampolines[0] = suture_kernel.kallsyms_lookup_name("return_to_handler");
	trampolines[1] = suture_kernel.kallsyms_lookup_name(COMPAT_PROBE_TRAMPOLINE);
	if (!trampolines[0] || !trampolines[1]) {
		pr_err("the trampolines of return probes and of the graph tracer are not known\n");
		return -ENOENT;
	}
	return walk_reliable ? 0 : -ENOENT;
}

/* The TOC of the module a function is in: where its functions that use one find it from r12. */
static int find_toc(const struct suture_site *site, unsigned long *toc)
{
	unsigned long size, text, at;
	u32 insn[2];

	if (!site->mod) {
		*toc = get_paca()->kernel_toc;
		return 0;
	}
	text = compat_module_text(site->mod, &size);
	for (at = text; at + 8 <= text + size; at += 4) {
		if (copy_from_kernel_nofault(insn, (void *)at, sizeof(insn)))
			return -EFAULT;
		/* ld r2,-8(r12); add r2,r2,r12 */
		if (insn[0] == 0xe84cfff8 && insn[1] == 0x7c426214) {
			*toc = at + *(s64 *)(at - 8);
			return 0;
		}
		/* addis r2,r12,HA; addi r2,r2,LO */
		if (insn[0] >> 16 == 0x3c4c && insn[1] >> 16 == 0x3842) {
			*toc = at + ((long)(s16)insn[0] << 16) + (s16)insn[1];
			return 0;
		}
	}
	/* No function of it uses a TOC, so no caller in it needs one. */
	*toc = 0;
	return 0;
}

int arch_site_extra(struct suture_site *site)
{
	int i, free = -1, err;
	unsigned long toc, hooked[3];

	err = find_toc(site, &toc);
	if (err)
		return err;
	hooked[0] = toc;
	hooked[1] = trampolines[0];
	hooked[2] = trampolines[1];
	for (i = 0; i < ENTRIES; i++) {
		if (entries[i].users && entries[i].toc == toc)
			break;
		if (!entries[i].users && free < 0)
			free = i;
	}
	if (i == ENTRIES) {
		if (free < 0) {
			pr_err("more than %d modules at a time cannot be patched\n", ENTRIES);
			return -ENOSPC;
		}
		i = free;
		err = reloc_poke(THIS_MODULE, suture_ppc_entries + i * ENTRY_SIZE + ENTRY_TOC, &toc, sizeof(toc));
		if (!err)
			err = reloc_poke(THIS_MODULE, suture_ppc_hooked + i * HOOKED_SIZE + HOOKED_TOC, hooked,
					 sizeof(hooked));
		if (err)
			return err;
		entries[i].toc = toc;
	}
	entries[i].users++;
	site->extra = (unsigned long)(suture_ppc_entries + i * ENTRY_SIZE);
	return 0;
}

void arch_site_extra_gone(struct suture_site *site)
{
	entries[(site->extra - (unsigned long)suture_ppc_entries) / ENTRY_SIZE].users--;
}

/*
 * When the kernel takes a call of ftrace away it looks at the instruction before it, and where a probe's breakpoint is
 * it does not know that and gives up ftrace for good. So a revert waits for the probe to go.
 */
int arch_site_extra_ready(const struct suture_site *site)
{
	return site_probed(site->ip - 4) ? -EBUSY : 0;
}

/*
 * A module that goes does not wait for a probe to go. The kernel has given that probe up and will not touch the
 * instruction again: it is put back here, so that ftrace meets what it knows.
 */
void arch_site_extra_last(const struct suture_site *site)
{
	unsigned long addr = site->ip - 4;
	const struct kprobe *probe;
	u32 insn = 0;

	if (!site->mod || site->mod->state != MODULE_STATE_GOING)
		return;
	preempt_disable();
	probe = suture_kernel.get_kprobe((void *)addr);
	if (probe)
		insn = probe->opcode;
	preempt_enable();
	if (probe)
		reloc_poke(site->mod, (void *)addr, &insn, sizeof(insn));
}

/* The symbol of a function is its global entry, and a pointer to it, too. */
unsigned long arch_callable(unsigned long addr)
{
	return addr;
}

unsigned long arch_strip(unsigned long word)
{
	return word;
}

unsigned long arch_saved_sp(struct task_struct *task)
{
	return task->thread.ksp;
}

struct walk {
	void (*found)(unsigned long addr, void *arg);
	void *arg;
	bool hidden;
};

static bool walk_entry(void *cookie, unsigned long addr)
{
	struct walk *walk = cookie;

	if (addr - (unsigned long)suture_ppc_entries < sizeof(suture_ppc_entries) ||
	    addr - (unsigned long)suture_ppc_hooked < sizeof(suture_ppc_hooked))
		walk->hidden = true;
	walk->found(addr, walk->arg);
	return true;
}

int arch_walk(struct task_struct *task, void (*found)(unsigned long addr, void *arg), void *arg)
{
	struct walk walk = { .found = found, .arg = arg };
	int err = walk_reliable(walk_entry, &walk, task);

	return err ?: walk.hidden ? -EINVAL : 0;
}

static int reloc_call(struct suture_entry *entry, const struct suture_reloc *reloc, unsigned long value)
{
	struct module *mod = entry->patch->mod;
	u32 insn[2];
	long away;

	if (!compat_module_owns(mod, (unsigned long)reloc->where) ||
	    !compat_module_owns(mod, (unsigned long)reloc->where + 7))
		return -EINVAL;
	memcpy(insn, reloc->where, sizeof(insn));
	/* The callee leaves its own r2: behind the call must be room to put ours back. */
	if (reloc->addend || insn[0] >> 26 != 18 || !(insn[0] & 1) || (insn[1] != INSN_NOP && insn[1] != INSN_LD_R2))
		return -EOPNOTSUPP;
	value = reloc_stub(entry, reloc, value);
	away = value - (unsigned long)reloc->where;
	if (!value || away < -0x2000000 || away >= 0x2000000)
		return -ERANGE;
	insn[0] = (insn[0] & ~0x03fffffc) | (away & 0x03fffffc);
	insn[1] = INSN_LD_R2;
	return reloc_poke(mod, reloc->where, insn, sizeof(insn));
}

int arch_reloc(struct suture_entry *entry, const struct suture_reloc *reloc, unsigned long value)
{
	struct module *mod = entry->patch->mod;
	u64 whole = value + reloc->addend;
	s32 word;

	switch (reloc->type) {
	case R_PPC64_ADDR64:
		return reloc_poke(mod, reloc->where, &whole, sizeof(whole));
	case R_PPC64_REL64:
		whole -= (u64)reloc->where;
		return reloc_poke(mod, reloc->where, &whole, sizeof(whole));
	case R_PPC64_REL32:
		whole -= (u64)reloc->where;
		word = whole;
		if ((s64)whole != word)
			return -ERANGE;
		return reloc_poke(mod, reloc->where, &word, sizeof(word));
	case R_PPC_REL24:
		return reloc_call(entry, reloc, whole);
	}
	return -EOPNOTSUPP;
}

unsigned int arch_stub(void *code, unsigned long target)
{
	u32 *insn = code;

	insn[0] = 0xf8410018;					/* std r2,24(r1) */
	insn[1] = 0x3d800000 | (target >> 48);			/* lis r12,TARGET@highest */
	insn[2] = 0x618c0000 | ((target >> 32) & 0xffff);	/* ori r12,r12,TARGET@higher */
	insn[3] = 0x798c07c6;					/* sldi r12,r12,32 */
	insn[4] = 0x658c0000 | ((target >> 16) & 0xffff);	/* oris r12,r12,TARGET@h */
	insn[5] = 0x618c0000 | (target & 0xffff);		/* ori r12,r12,TARGET@l */
	insn[6] = 0x7d8903a6;					/* mtctr r12 */
	insn[7] = 0x4e800420;					/* bctr */
	return 32;
}

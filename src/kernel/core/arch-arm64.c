// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arm64.
 *
 * Redirect: functions begin with two nops that ftrace uses (behind `bti c`, where the kernel has it):
 * `mov x9, x30; bl ftrace_caller`. The callback sets the address that ftrace goes on at; all arguments,
 * x30 and the stack are as the caller left them. Until 6.2 that took all registers saved (SAVE_REGS and
 * pt_regs), since then ftrace saves the arguments only and has a function to set the address.
 *
 * Walk: the kernel is built with frame pointers, and a function that calls another has its frame record
 * (x29, x30) in the chain before. So the chain of a task that went to sleep by a call is all of its return
 * addresses. It is not when the task was interrupted in the kernel, as by a fault on user memory: the
 * function that faulted may have had no record yet. Such a stack goes through the kernel's entry code in
 * the middle, and then every word of it counts instead.
 *
 * Return addresses on the stack may be signed (pointer authentication): the bits above the address.
 */
#include <linux/elf.h>
#include <linux/sched/task_stack.h>
#include <linux/uaccess.h>
#include <asm/memory.h>
#include <asm/module.h>

#include "core.h"
#include "site-ftrace.h"

static unsigned long entry_start, entry_end;

#ifdef CONFIG_DYNAMIC_FTRACE_WITH_REGS
const unsigned long arch_ftrace_flags = FTRACE_OPS_FL_SAVE_REGS;

void notrace arch_redirect(struct ftrace_regs *fregs, const struct suture_site *site, unsigned long to)
{
	ftrace_get_regs(fregs)->pc = to;
}
#else
const unsigned long arch_ftrace_flags;

void notrace arch_redirect(struct ftrace_regs *fregs, const struct suture_site *site, unsigned long to)
{
	ftrace_regs_set_instruction_pointer(fregs, to);
}
#endif
NOKPROBE_SYMBOL(arch_redirect);

int arch_site_extra(struct suture_site *site)
{
	return 0;
}

void arch_site_extra_gone(struct suture_site *site)
{
}

int arch_site_extra_ready(const struct suture_site *site)
{
	return 0;
}

void arch_site_extra_last(const struct suture_site *site)
{
}

int arch_init(void)
{
	entry_start = suture_kernel.kallsyms_lookup_name("__entry_text_start");
	entry_end = suture_kernel.kallsyms_lookup_name("__entry_text_end");
	if (!entry_start || entry_end <= entry_start) {
		pr_err("the kernel's entry code is not known\n");
		return -ENOENT;
	}
	return 0;
}

unsigned long arch_callable(unsigned long addr)
{
	return addr;
}

unsigned long arch_strip(unsigned long word)
{
	/*
	 * Bit 55 tells kernel addresses from user addresses; above it and below are the signature's bits, down to the
	 * first one that an address has. Code is where all bits above VA_BITS_MIN are set.
	 */
	return word & BIT(55) ? word | GENMASK(63, VA_BITS_MIN) : word;
}

unsigned long arch_saved_sp(struct task_struct *task)
{
	return thread_saved_sp(task);
}

int arch_walk(struct task_struct *task, void (*found)(unsigned long addr, void *arg), void *arg)
{
	unsigned long low = (unsigned long)task_stack_page(task), high = low + THREAD_SIZE;
	unsigned long last = (unsigned long)&task_pt_regs(task)->stackframe;
	unsigned long fp = thread_saved_fp(task), record[2], pc;

	if (fp < thread_saved_sp(task) || thread_saved_sp(task) < low)
		return -EINVAL;
	found(thread_saved_pc(task), arg);
	while (fp != last) {
		if (fp < low || fp > high - sizeof(record) || fp % 8 ||
		    copy_from_kernel_nofault(record, (void *)fp, sizeof(record)))
			return -EINVAL;
		pc = arch_strip(record[1]);
		found(pc, arg);
		/* Out of the entry code it goes to user space, or this was an interruption of the kernel. */
		if (pc >= entry_start && pc <= entry_end && record[0] != last)
			return -EINVAL;
		if (record[0] <= fp)
			return -EINVAL;
		fp = record[0];
	}
	return 0;
}

static u32 put_bits(u32 insn, unsigned int at, unsigned int n, u64 value)
{
	u32 mask = (u32)GENMASK(n - 1, 0) << at;

	return (insn & ~mask) | (((u32)value << at) & mask);
}

static bool fits(s64 value, unsigned int bits)
{
	return value >= -(1LL << (bits - 1)) && value < (1LL << (bits - 1));
}

static int put_adrp(u32 *insn, u64 value, u64 place)
{
	s64 pages = (s64)((value & ~0xfffULL) - (place & ~0xfffULL)) >> 12;

	if (!fits(pages, 21))
		return -ERANGE;
	*insn = put_bits(put_bits(*insn, 29, 2, pages), 5, 19, pages >> 2);
	return 0;
}

/*
 * An adrp in one of the last two words of a page may give a wrong address on some Cortex-A53 (erratum 843419).
 * It moves into a stub, whose first word is never there, and a branch leads there and back. What the place
 * holds later is that branch; the register is then told by the stub.
 */
static int moved_adrp(struct suture_entry *entry, const struct suture_reloc *reloc, u64 value, u64 place, u32 *insn)
{
	u64 stub = reloc_own_stub(entry, reloc);
	__le32 code[2];
	u32 adrp = *insn;
	int err;

	if (!stub || !fits(stub - place, 28))
		return -ERANGE;
	if ((adrp & 0x9f000000) != 0x90000000)
		adrp = le32_to_cpu(*(__le32 *)stub);
	err = put_adrp(&adrp, value, stub);
	if (err)
		return err;
	code[0] = cpu_to_le32(adrp);
	code[1] = cpu_to_le32(put_bits(0x14000000, 0, 26, (s64)(place - stub) >> 2));	/* b place + 4 */
	*insn = put_bits(0x14000000, 0, 26, (s64)(stub - place) >> 2);			/* b stub */
	return reloc_poke(entry->patch->mod, (void *)stub, code, sizeof(code));
}

/* What an instruction at @place becomes. */
static int reloc_insn(struct suture_entry *entry, const struct suture_reloc *reloc, u64 value, u64 place, u32 *insn)
{
	s64 away = value - place;

	switch (reloc->type) {
	case R_AARCH64_CALL26:
	case R_AARCH64_JUMP26:
		if (!fits(away, 28)) {
			/* Stubs are known by their symbol: a call goes to where a function begins. */
			if (reloc->addend)
				return -EOPNOTSUPP;
			value = reloc_stub(entry, reloc, value);
			away = value - place;
			if (!value || !fits(away, 28))
				return -ERANGE;
		}
		*insn = put_bits(*insn, 0, 26, away >> 2);
		return 0;
	case R_AARCH64_ADR_PREL_PG_HI21:
	case R_AARCH64_ADR_PREL_PG_HI21_NC:
		if (IS_ENABLED(CONFIG_ARM64_ERRATUM_843419) && (place & 0xfff) >= 0xff8)
			return moved_adrp(entry, reloc, value, place, insn);
		return put_adrp(insn, value, place);
	case R_AARCH64_ADR_PREL_LO21:
		if (!fits(away, 21))
			return -ERANGE;
		*insn = put_bits(put_bits(*insn, 29, 2, away), 5, 19, away >> 2);
		return 0;
	case R_AARCH64_ADD_ABS_LO12_NC:
	case R_AARCH64_LDST8_ABS_LO12_NC:
		*insn = put_bits(*insn, 10, 12, value & 0xfff);
		return 0;
	case R_AARCH64_LDST16_ABS_LO12_NC:
		*insn = put_bits(*insn, 10, 12, (value & 0xfff) >> 1);
		return value & 1 ? -EINVAL : 0;
	case R_AARCH64_LDST32_ABS_LO12_NC:
		*insn = put_bits(*insn, 10, 12, (value & 0xfff) >> 2);
		return value & 3 ? -EINVAL : 0;
	case R_AARCH64_LDST64_ABS_LO12_NC:
		*insn = put_bits(*insn, 10, 12, (value & 0xfff) >> 3);
		return value & 7 ? -EINVAL : 0;
	case R_AARCH64_LDST128_ABS_LO12_NC:
		*insn = put_bits(*insn, 10, 12, (value & 0xfff) >> 4);
		return value & 15 ? -EINVAL : 0;
	}
	return -EOPNOTSUPP;
}

int arch_reloc(struct suture_entry *entry, const struct suture_reloc *reloc, unsigned long value)
{
	struct module *mod = entry->patch->mod;
	u64 place = (u64)reloc->where, whole = value + reloc->addend;
	u32 word;
	int err;

	switch (reloc->type) {
	case R_AARCH64_ABS64:
		return reloc_poke(mod, reloc->where, &whole, sizeof(whole));
	case R_AARCH64_PREL64:
		whole -= place;
		return reloc_poke(mod, reloc->where, &whole, sizeof(whole));
	case R_AARCH64_PREL32:
		whole -= place;
		word = whole;
		if (!fits(whole, 32))
			return -ERANGE;
		return reloc_poke(mod, reloc->where, &word, sizeof(word));
	}
	if (place % 4 || !compat_module_owns(mod, place))
		return -EINVAL;
	word = le32_to_cpu(*(__le32 *)reloc->where);
	err = reloc_insn(entry, reloc, whole, place, &word);
	if (err)
		return err;
	word = cpu_to_le32(word);
	return reloc_poke(mod, reloc->where, &word, sizeof(word));
}

unsigned int arch_stub(void *code, unsigned long target)
{
	u32 *insn = code;

	insn[0] = cpu_to_le32(0x58000050);	/* ldr x16, .+8 */
	insn[1] = cpu_to_le32(0xd61f0200);	/* br x16 */
	*(u64 *)(insn + 2) = target;
	return 16;
}

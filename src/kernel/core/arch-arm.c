// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * arm, kernels in ARM state (A32).
 *
 * Redirect: ftrace is of no use here, as its call comes after the prologue (`push {r4, lr}; push {lr}; bl
 * __gnu_mcount_nc`): a function left from there leaves its frame on the stack. Instead the first instruction
 * becomes a branch to the new function. It is written while all CPUs are stopped and nobody is in the
 * function, so all that matters is that one word changes; argument registers, lr and the stack are the
 * caller's. A task that was about to execute the first instruction takes the branch.
 *
 * The word is never that of the function's ftrace call, which comes later; so tracers may come and go. A
 * function without such a call is refused: it is notrace, or its memory has gone with __init.
 *
 * A kprobe on the first instruction, placed after the patch, has a copy of our branch: it would run that, and put
 * it back when it is disarmed or removed, long after the patch has gone. So while it is there the redirect is not
 * switched, armed or not: a probe that is not has its copy, too. It is in the kernel's list as long as it has the
 * copy, but for the time that register_kprobe() takes; so nobody may be in there either.
 *
 * A branch reaches 32 MB, which the module area and the kernel's text lie within. When the module area is full
 * a patch module gets memory elsewhere. Then the branch leads to a stub in this module, which was loaded before
 * and lies nearer, and the stub to the new function. Where not even this module is near, the patch is refused.
 *
 * Walk: the kernel's unwinder is not made to be relied on, so the stack is scanned. A word counts when it is
 * an address behind a call, as every return address is; what the core itself holds of the patch's addresses
 * on the stack of its worker is not. Where a kprobe is, a call may be hidden under it. The program counter of an
 * interrupted context need not be behind a call: where the stack goes through the entries for exceptions in the
 * kernel, each of its words counts.
 */
#include <linux/elf.h>
#include <linux/sched/task_stack.h>
#include <linux/uaccess.h>
#include <asm/cacheflush.h>
#include <asm/opcodes.h>
#include <asm/smp_plat.h>

#include "core.h"

#ifdef CONFIG_THUMB2_KERNEL
#error "suture_core knows no kernels in Thumb state"
#endif
#ifdef CONFIG_CPU_BIG_ENDIAN
/* Instructions are words of the other order there than data. */
#error "suture_core knows no big-endian kernels on arm"
#endif

static void (*patch_text_real)(void *addr, unsigned int insn, bool remap);
static int (*is_code)(unsigned long addr);

/* The entries for exceptions in the kernel. */
static const char *const svc_names[] = { "__dabt_svc", "__irq_svc", "__und_svc", "__pabt_svc", "__fiq_svc" };
static struct {
	unsigned long addr, size;
} svc[ARRAY_SIZE(svc_names)];

int arch_init(void)
{
	unsigned long offset;
	int i;

	for (i = 0; i < ARRAY_SIZE(svc_names); i++) {
		svc[i].addr = suture_kernel.kallsyms_lookup_name(svc_names[i]);
		if (!svc[i].addr ||
		    !suture_kernel.kallsyms_lookup_size_offset(svc[i].addr, &svc[i].size, &offset)) {
			pr_err("the kernel's entry %s is not known\n", svc_names[i]);
			return -ENOENT;
		}
	}
	/* Nobody may be in it during a switch: it has to be in one piece. */
	if (suture_kernel.kallsyms_lookup_name("register_kprobe.part.0")) {
		pr_err("this kernel's register_kprobe() is in several pieces\n");
		return -EOPNOTSUPP;
	}
	if (cache_ops_need_broadcast()) {
		pr_err("on this processor each CPU would have to flush its own instruction cache\n");
		return -EOPNOTSUPP;
	}
	patch_text_real = (void *)symbols_function("__patch_text_real");
	is_code = (void *)symbols_function("kernel_text_address");
	return patch_text_real && is_code ? 0 : -ENOENT;
}

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
	return thread_saved_sp(task);
}

static int read_insn(unsigned long addr, unsigned int *insn)
{
	return copy_from_kernel_nofault(insn, (void *)addr, sizeof(*insn));
}

/* Only code is read: a word may be the address of a device's register, which does something or aborts when read. */
static bool behind_call(unsigned long addr)
{
	u32 insn;

	if (addr & 3 || !is_code(addr - 4) || read_insn(addr - 4, &insn))
		return false;
	/* It is in the list before its breakpoint is written, and until that has gone. */
	if (site_probed(addr - 4) || site_probed(addr - 8))
		return true;
	/* bl, blx REGISTER */
	if ((insn & 0x0f000000) == 0x0b000000 || (insn & 0x0ffffff0) == 0x012fff30)
		return true;
	/* mov lr, pc, and any jump behind it */
	return is_code(addr - 8) && !read_insn(addr - 8, &insn) && (insn & 0x0fffffff) == 0x01a0e00f;
}

int arch_walk(struct task_struct *task, void (*found)(unsigned long addr, void *arg), void *arg)
{
	unsigned long low = (unsigned long)task_stack_page(task), high = low + THREAD_SIZE;
	unsigned long sp = thread_saved_sp(task), word, at;
	int i;

	if (sp < low || sp >= high || sp & 3)
		return -EINVAL;
	found(thread_saved_pc(task), arg);
	for (at = sp; at < high; at += sizeof(word)) {
		if (copy_from_kernel_nofault(&word, (void *)at, sizeof(word)))
			return -EINVAL;
		for (i = 0; i < ARRAY_SIZE(svc); i++)
			if (word - svc[i].addr <= svc[i].size)
				return -EINVAL;
		if (behind_call(word))
			found(word, arg);
	}
	return 0;
}

/* b, or bl: 0 if it does not reach. */
static u32 branch(u32 insn, unsigned long from, unsigned long to)
{
	long away = (long)(to - (from + 8));

	if (away < -0x2000000 || away >= 0x2000000 || away & 3)
		return 0;
	return (insn & 0xff000000) | ((away >> 2) & 0x00ffffff);
}

#define INSN_B 0xea000000
#define INSN_LDR_PC_NEXT 0xe51ff004	/* ldr pc, [pc, #-4]: the word behind it */

enum { STUBS = 1024, STUB_SIZE = 8 };

/* One for each site, whether it needs it or not: what leads where may change while the patch is on. */
extern u8 suture_arm_stubs[];
asm(".pushsection .text\n.balign 8\nsuture_arm_stubs: .skip 8 * 1024\n.popsection");
static DECLARE_BITMAP(stubs_taken, STUBS);

static bool reaches(unsigned long from, unsigned long to)
{
	return branch(INSN_B, from, to) ||
	       (branch(INSN_B, from, (unsigned long)suture_arm_stubs) &&
		branch(INSN_B, from, (unsigned long)suture_arm_stubs + (STUBS - 1) * STUB_SIZE));
}

int arch_site_check(const struct suture_func *func, unsigned long *ip)
{
	*ip = suture_kernel.ftrace_location(func->old_addr);
	if (!*ip || *ip <= func->old_addr || *ip >= func->old_end || func->old_addr & 3)
		return -EOPNOTSUPP;
	if (!reaches(func->old_addr, (unsigned long)func->new_func)) {
		pr_err("the new %s is more than 32 MB away from the old, and so is suture_core\n", func->old_name);
		return -ERANGE;
	}
	return 0;
}

int arch_site_enable(struct suture_site *site)
{
	unsigned int i = find_first_zero_bit(stubs_taken, STUBS);

	if (i == STUBS)
		return -ENOSPC;
	if (read_insn(site->addr, &site->old_insn))
		return -EFAULT;
	set_bit(i, stubs_taken);
	site->stub = (unsigned long)suture_arm_stubs + i * STUB_SIZE;
	site->stub_end = site->stub + STUB_SIZE;
	return 0;
}

/* The switch has put the function's own instruction back, and nobody was in the stub. */
void arch_site_disable(struct suture_site *site)
{
	clear_bit((site->stub - (unsigned long)suture_arm_stubs) / STUB_SIZE, stubs_taken);
}

const bool arch_writes_code = true;

int arch_site_ready(struct suture_site *site)
{
	unsigned int insn;
	int err = read_insn(site->addr, &insn);

	if (err)
		return err;
	if (insn != (site->active ? site->new_insn : site->old_insn) || site_probed(site->addr))
		return -EBUSY;
	return site->next && !reaches(site->addr, site->next) ? -ERANGE : 0;
}

void arch_site_switch(struct suture_site *site)
{
	if (site->next)
		site->new_insn = branch(INSN_B, site->addr, site->next);
	if (site->next && !site->new_insn) {
		patch_text_real((void *)site->stub, INSN_LDR_PC_NEXT, true);
		patch_text_real((void *)site->stub + 4, __mem_to_opcode_arm(site->next), true);
		site->new_insn = branch(INSN_B, site->addr, site->stub);
	}
	patch_text_real((void *)site->addr, site->next ? site->new_insn : site->old_insn, true);
	site->active = site->next;
	site->active_end = site->next_end;
}

static int reloc_insn(struct suture_entry *entry, const struct suture_reloc *reloc, u32 value, u32 *insn)
{
	u32 place = (u32)reloc->where, call;

	switch (reloc->type) {
	case R_ARM_PC24:
	case R_ARM_CALL:
	case R_ARM_JUMP24:
		/* The addend of a branch is the distance of the pc that it counts from: -8. */
		if (reloc->addend != -8 || *insn >> 28 == 0xf)
			return -EOPNOTSUPP;
		value += 8;
		call = branch(*insn, place, value);
		if (!call) {
			value = reloc_stub(entry, reloc, value);
			call = value ? branch(*insn, place, value) : 0;
		}
		*insn = call;
		return call ? 0 : -ERANGE;
	case R_ARM_MOVT_ABS:
		value >>= 16;
		fallthrough;
	case R_ARM_MOVW_ABS_NC:
		*insn = (*insn & 0xfff0f000) | ((value & 0xf000) << 4) | (value & 0x0fff);
		return 0;
	case R_ARM_PREL31:
		value -= place;
		if (((s32)value << 1) >> 1 != (s32)value)
			return -ERANGE;
		*insn = (*insn & 0x80000000) | (value & 0x7fffffff);
		return 0;
	case R_ARM_ABS32:
		*insn = value;
		return 0;
	case R_ARM_REL32:
		*insn = value - place;
		return 0;
	}
	return -EOPNOTSUPP;
}

int arch_reloc(struct suture_entry *entry, const struct suture_reloc *reloc, unsigned long value)
{
	struct module *mod = entry->patch->mod;
	u32 word;
	int err;

	if (!compat_module_owns(mod, (unsigned long)reloc->where) ||
	    !compat_module_owns(mod, (unsigned long)reloc->where + 3))
		return -EINVAL;
	memcpy(&word, reloc->where, sizeof(word));
	err = reloc_insn(entry, reloc, value + reloc->addend, &word);
	return err ?: reloc_poke(mod, reloc->where, &word, sizeof(word));
}

unsigned int arch_stub(void *code, unsigned long target)
{
	u32 *insn = code;

	insn[0] = INSN_LDR_PC_NEXT;
	insn[1] = target;
	return 8;
}

/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this CPU and this kernel do to a stopped thread. One directory per architecture implements
 * this file: regs.c (registers, restart of system calls) and call.c (the frame that heals a thread
 * whose tracer died). Only the host's directory is compiled, and common.c.
 *
 * For porters: nothing here is portable and nothing above it knows an architecture. A port fills
 * struct native_regs, says which register is which, finds its two instruction sequences, and
 * builds the signal frame that *its* kernel's rt_sigreturn accepts.
 */
#ifndef SUTURE_PROC_NATIVE_NATIVE_H
#define SUTURE_PROC_NATIVE_NATIVE_H

#include "base/err.h"
#include "unwind/unwind.h"
/* PORT: src/proc/native/NAME/{native_arch.h,regs.c,call.c} implement this file */
#include "native_arch.h"	/* of the directory that is compiled: struct native_regs */
#include <sys/syscall.h>

extern const struct unw_arch *const native_unw_arch;
extern const uint16_t native_elf_machine;	/* EM_* */
extern const uint8_t native_elf_class;		/* ELFCLASS* of processes that we can patch */
extern const uint32_t native_audit_arch;	/* AUDIT_ARCH_*, as seccomp filters see it */
#define NATIVE_PAGE 4096u			/* smallest page of the architecture */

/* Bits of a gadget's address that select an instruction set and are no part of where it lies. */
#ifndef NATIVE_ISA_BITS
#define NATIVE_ISA_BITS 0ULL
#endif

/* The system call that maps a file, and the unit in which it counts the file's offset. */
#ifdef SYS_mmap2
enum { NATIVE_MMAP = SYS_mmap2, NATIVE_MMAP_UNIT = 4096 };
#else
enum { NATIVE_MMAP = SYS_mmap, NATIVE_MMAP_UNIT = 1 };
#endif

/*
 * Which bits of a return address of stopped thread @tid may hold an authentication code, the same for all
 * threads of a process: 0 where none is ever signed. 0, or -1 where the thread cannot be asked.
 */
int native_signed_bits(pid_t tid, uint64_t *ret);

/* 0, or -1 with errno (ESRCH: the thread is gone). */
int native_get_regs(pid_t tid, struct native_regs *r);
int native_set_regs(pid_t tid, const struct native_regs *r);
uint64_t native_pc(const struct native_regs *r);
uint64_t native_sp(const struct native_regs *r);
/* Where the thread pointer (fs base on x86-64) says that the C library's descriptor of the thread is, or ends. */
uint64_t native_tp(const struct native_regs *r);
void native_to_unw(const struct native_regs *r, struct unw_regs *ret);

/* Number of the system call the thread was stopped in, or -1: it was in user mode. */
long native_syscall_nr(const struct native_regs *r);
/* What the system call will return (may be -ERESTART*). */
long native_syscall_result(const struct native_regs *r);
/* Argument @i (0..5) of a system call at its entry stop. */
uint64_t native_syscall_arg(const struct native_regs *r, unsigned int i);
/*
 * True where @nr answers EINTR after any stop although no handler ran (signal(7), "Interruption
 * of system calls and library functions by stop signals"), and where nothing was done yet.
 */
bool native_eintr_restartable(long nr);
/*
 * Before a thread is diverted for the first time after a stop: finds out whether the kernel is about to
 * continue a call (a sleep, with the rest of its time), which it forgets when the thread makes another
 * one. native_set_regs() with these registers then has it continued all the same, or native_rest_regs()
 * tells how that is done.
 */
void native_learn_rest(pid_t tid, struct native_regs *r, int mem_fd);
/*
 * True where that takes other registers, set at the exit stop of the last call that was made for us:
 * with an interrupt pending the kernel makes those of @r of them, before the program sees any.
 */
bool native_rest_regs(const struct native_regs *r, struct native_regs *ret);
/* Makes the thread execute its system call again from the start. */
void native_restart_syscall(struct native_regs *r);

/* Instruction sequences that calls need; addresses in the target. 0: not found. */
struct native_gadgets {
	uint64_t syscall_ret;	/* system call, then return */
	uint64_t sigreturn;	/* sets the number of rt_sigreturn, system call */
	uint64_t load_nr_ret;	/* loads the call number from the stack, returns */
	uint32_t ret_up;	/* ppc64le: by how much that return moves the stack pointer up */
	int32_t ret_lr;		/* ppc64le: where the return address is taken from, -1: the register */
};
#define NATIVE_GADGET_BYTES 64	/* no sequence is longer */
/* Searches @n bytes of code at @addr and fills what is still missing. True when complete. */
bool native_find_gadgets(struct native_gadgets *g, const uint8_t *code, size_t n, uint64_t addr);
/* True where the sequences found are enough. */
bool native_gadgets_enough(const struct native_gadgets *g);

/* Largest image that native_build_frame() makes, red zone and alignment included. */
#define NATIVE_FRAME_MAX 16384u

/* Learns what the calls below need to know of this CPU; optional, for use before a stop. */
void native_prepare(void);

/*
 * The signal frame that puts a thread back, with all its registers, mask and FPU state.
 * Reads the FPU state of @tid.
 */
struct native_frame {
	uint64_t addr;		/* where @bytes go: all below the red zone */
	size_t size;
	uint8_t *bytes;		/* owned */
	uint64_t heal_sp;	/* stack pointer from which a return heals the thread */
	struct native_regs heal; /* registers that heal at once, without any call */
	uint64_t scratch_top;	/* free stack below this: for strings and for functions */
};
/*
 * @orig: the thread's own registers; @mask: its signal mask. A system call that the stop
 * interrupted is made again. 0, or -1 (P_REMOTE).
 */
int native_build_frame(struct native_frame *f, pid_t tid, const struct native_regs *orig,
		       uint64_t mask, const struct native_gadgets *g, struct sut_err *err);
void native_frame_free(struct native_frame *f); /* common.c */
/* Registers that make system call @nr; it then returns into the healing frame. */
void native_prepare_syscall(struct native_regs *r, const struct native_frame *f,
			    const struct native_gadgets *g, long nr, const uint64_t args[6]);
/*
 * Registers that call @func. The function returns into a system-call instruction, which is how it is
 * caught; see call.c. Where *@ret_slot_addr is set, ret_slot[0] must be written there first.
 */
void native_prepare_function(struct native_regs *r, const struct native_frame *f,
			     const struct native_gadgets *g, uint64_t func,
			     const uint64_t args[6], uint64_t *ret_slot_addr,
			     uint64_t ret_slot[2]);
/*
 * At a system-call entry stop: true where that is how a function called by native_prepare_function()
 * came back, with its result.
 */
bool native_function_result(const struct native_regs *r, const struct native_gadgets *g,
			    uint64_t *ret);
/* At the entry stop of the system call @nr that was asked for: makes sure that it is that one. */
int native_confirm_syscall(pid_t tid, long nr);
/*
 * At a system-call entry stop: no call is made, and the thread goes on with the registers @heal.
 * @came_back: the call is the one that a function came back with. The order of steps is such that the thread
 * heals after each, as remote.c says. Filters are asked about NATIVE_NO_CALLS then.
 */
int native_skip_syscall(pid_t tid, const struct native_regs *heal, bool came_back);
/* Is the thread (not inside a system call) in a restartable sequence, as far as the kernel tells? common.c */
bool native_in_rseq(pid_t tid, int mem_fd, const char **ret_why);
/* True where the thread must not be diverted now (shadow stack, restartable sequence). */
bool native_must_not_divert(pid_t pid, pid_t tid, const struct native_regs *r, int mem_fd,
			    const char **ret_why);

#endif

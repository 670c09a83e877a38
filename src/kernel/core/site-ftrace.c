// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Redirects through ftrace, where its call stands before the function has done anything (arm64, ppc64le).
 *
 * Each function has an ftrace_ops of its own, so the handler finds its site without a search. The handler
 * takes no lock, calls nothing and so needs no protection from recursion: a call that it missed would be a
 * task in the old code. A site is registered before the change, with nowhere to go, and the change is one
 * store, made while all CPUs are stopped.
 */
#include <linux/ftrace.h>
#include <linux/rcupdate.h>

#include "core.h"
#include "site-ftrace.h"

static void notrace site_handler(unsigned long ip, unsigned long parent_ip, struct ftrace_ops *ops,
				 struct ftrace_regs *fregs)
{
	struct suture_site *site = container_of(ops, struct suture_site, ops);
	unsigned long to;

	/* The CPUs cannot be stopped between the look and what follows from it. */
	preempt_disable_notrace();
	to = READ_ONCE(site->active);
	if (to)
		arch_redirect(fregs, site, to);
	preempt_enable_notrace();
}
NOKPROBE_SYMBOL(site_handler);

int arch_site_check(const struct suture_func *func, unsigned long *ip)
{
	*ip = suture_kernel.ftrace_location(func->old_addr);
	/* Behind more than the entry's own instructions it would be another function's. */
	if (!*ip || *ip - func->old_addr > SITE_MAX_OFFSET || *ip >= func->old_end)
		return -EOPNOTSUPP;
	return 0;
}

int arch_site_enable(struct suture_site *site)
{
	int err;

	err = arch_site_extra(site);
	if (err)
		return err;
	site->ops.func = site_handler;
	/* PERMANENT: no sysctl may turn it off. */
	site->ops.flags = FTRACE_OPS_FL_DYNAMIC | FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT |
			  arch_ftrace_flags;
	err = ftrace_set_filter_ip(&site->ops, site->ip, 0, 0);
	if (err)
		goto no_filter;
	err = register_ftrace_function(&site->ops);
	if (err)
		goto no_ops;
	site->registered = true;
	return 0;
no_ops:
	/*
	 * It was in ftrace's list before ftrace saw that it cannot be, and a CPU that went through the list may be at
	 * it: in code that RCU does not watch, too. Where no such code is traced the first does nothing, since 6.13.
	 */
	synchronize_rcu_tasks_rude();
	synchronize_rcu_tasks();
	ftrace_set_filter_ip(&site->ops, site->ip, 1, 0);
no_filter:
	arch_site_extra_gone(site);
	return err;
}

/* When this is back, no CPU is in the handler for it. */
void arch_site_disable(struct suture_site *site)
{
	arch_site_extra_last(site);
	if (unregister_ftrace_function(&site->ops))
		return;
	site->registered = false;
	ftrace_set_filter_ip(&site->ops, site->ip, 1, 0);
	arch_site_extra_gone(site);
}

const bool arch_writes_code;

int arch_site_ready(struct suture_site *site)
{
	return arch_site_extra_ready(site);
}

void arch_site_switch(struct suture_site *site)
{
	site->active_end = site->next_end;
	WRITE_ONCE(site->active, site->next);
}

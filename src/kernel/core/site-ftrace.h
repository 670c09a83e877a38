/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What site-ftrace.c asks of an architecture that uses it. */
#ifndef SUTURE_SITE_FTRACE_H
#define SUTURE_SITE_FTRACE_H

struct ftrace_regs;
struct suture_site;

/* How far behind a function's start its ftrace call may be. */
#define SITE_MAX_OFFSET 16

/* Flags beside those that all have: are all registers needed? */
extern const unsigned long arch_ftrace_flags;

/* The function that is being called goes on at @to. Runs anywhere, so it must be notrace. */
void arch_redirect(struct ftrace_regs *fregs, const struct suture_site *site, unsigned long to);

/* What an architecture keeps for a site beside ftrace. */
int arch_site_extra(struct suture_site *site);
void arch_site_extra_gone(struct suture_site *site);
/* Can the site change? Asked also when all CPUs stand. */
int arch_site_extra_ready(const struct suture_site *site);
/* It leads nowhere any more. Before ftrace takes its call away. */
void arch_site_extra_last(const struct suture_site *site);

#endif

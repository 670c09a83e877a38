/* SPDX-License-Identifier: GPL-2.0-or-later */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM parrot

#if !defined(PARROT_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define PARROT_TRACE_H

#include <linux/tracepoint.h>

DECLARE_EVENT_CLASS(parrot_number,
	TP_PROTO(unsigned int n),
	TP_ARGS(n),
	TP_STRUCT__entry(__field(unsigned int, n)),
	TP_fast_assign(__entry->n = n;),
	TP_printk("number %u", __entry->n)
);

DEFINE_EVENT(parrot_number, parrot_hears, TP_PROTO(unsigned int n), TP_ARGS(n));
DEFINE_EVENT(parrot_number, parrot_speaks, TP_PROTO(unsigned int n), TP_ARGS(n));

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#define TRACE_INCLUDE_FILE parrot-trace
#include <trace/define_trace.h>

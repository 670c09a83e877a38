// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include <stdlib.h>

static log_fn sink;
static void *sink_ctx;
static enum log_level max_level = LOG_INFO;

void log_set(log_fn fn, void *ctx)
{
	sink = fn;
	sink_ctx = ctx;
}

void log_set_level(enum log_level max)
{
	max_level = max;
}

bool log_wants(enum log_level level)
{
	return sink && level <= max_level;
}

static void emit(enum log_level level, const char *fmt, va_list ap)
{
	char *s;

	if (!log_wants(level))
		return;
	s = xvasprintf(fmt, ap);
	sink(sink_ctx, level, s);
	free(s);
}

#define DEFINE_LOG(name, level) \
	void name(const char *fmt, ...) \
	{ \
		va_list ap; \
		va_start(ap, fmt); \
		emit(level, fmt, ap); \
		va_end(ap); \
	}

DEFINE_LOG(log_warn, LOG_WARN)
DEFINE_LOG(log_info, LOG_INFO)
DEFINE_LOG(log_debug, LOG_DEBUG)

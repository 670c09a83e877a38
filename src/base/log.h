/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages go to a callback that the caller sets; without one they are dropped. Nothing below the
 * command line prints by itself.
 */
#ifndef SUTURE_BASE_LOG_H
#define SUTURE_BASE_LOG_H

#include "base/util.h"

enum log_level {
	LOG_WARN,	/* something the user should know although the work goes on */
	LOG_INFO,	/* progress: one line a step */
	LOG_DEBUG,	/* -v */
};
typedef void (*log_fn)(void *ctx, enum log_level level, const char *msg);

void log_set(log_fn fn, void *ctx);
/* True where a message of this level would reach somebody: guard costly arguments with it. */
bool log_wants(enum log_level level);
void log_set_level(enum log_level max);
void log_warn(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);

#endif

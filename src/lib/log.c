// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/log.h"

#include "lib/cancel.h"
#include "suture/suture.h"

static void (*user_fn)(void *ctx, enum sut_log_level level, const char *msg);
static const volatile int *cancel_flag;

static void relay(void *ctx, enum log_level level, const char *msg)
{
	static const enum sut_log_level levels[] = {
		[LOG_WARN] = SUT_LOG_WARN,
		[LOG_INFO] = SUT_LOG_INFO,
		[LOG_DEBUG] = SUT_LOG_DEBUG,
	};

	user_fn(ctx, levels[level], msg);
}

void sut_set_log(void (*fn)(void *ctx, enum sut_log_level level, const char *msg), void *ctx,
		 enum sut_log_level max)
{
	user_fn = fn;
	log_set(fn ? relay : NULL, ctx);
	log_set_level(max == SUT_LOG_DEBUG  ? LOG_DEBUG
		      : max == SUT_LOG_INFO ? LOG_INFO
					    : LOG_WARN);
}

void sut_set_cancel(const volatile int *flag)
{
	cancel_flag = flag;
}

const volatile int *lib_cancel(void)
{
	return cancel_flag;
}

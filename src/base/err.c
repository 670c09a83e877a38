// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/err.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct sut_code_info code_table[] = {
#define SUT_CODE(id, text, class, title, page) {text, SUT_CLASS_##class, title, page},
#include "base/codes.def"
#undef SUT_CODE
};

const struct sut_code_info *sut_code_info(enum sut_code code)
{
	return &code_table[code];
}

int sut_code_find(const char *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(code_table); i++)
		if (!strcasecmp(text, code_table[i].text) ||
		    !strcasecmp(text, code_table[i].text + strlen("SUT-")))
			return (int)i;
	return -1;
}

int sut_fail(struct sut_err *err, enum sut_code code, const char *subject, const char *fmt, ...)
{
	struct sut_reason *r = VEC_PUSH(err->v, err->n, err->cap);
	va_list ap;

	r->code = code;
	r->subject = xstrdup(subject ? subject : "");
	va_start(ap, fmt);
	r->cause = xvasprintf(fmt, ap);
	va_end(ap);
	return -1;
}

static struct sut_reason *last(struct sut_err *err)
{
	return err->n ? &err->v[err->n - 1] : NULL;
}

int sut_fail_where(struct sut_err *err, const char *file, int line)
{
	struct sut_reason *r = last(err);

	if (r && file) {
		free(r->where);
		r->where = line > 0 ? xasprintf("%s:%d", file, line) : xstrdup(file);
	}
	return -1;
}

int sut_fail_remedy(struct sut_err *err, const char *fmt, ...)
{
	struct sut_reason *r = last(err);
	va_list ap;

	if (r) {
		free(r->remedy);
		va_start(ap, fmt);
		r->remedy = xvasprintf(fmt, ap);
		va_end(ap);
	}
	return -1;
}

int sut_fail_chain(struct sut_err *err, const char *fmt, ...)
{
	struct sut_reason *r = last(err);
	va_list ap;

	if (r) {
		char *s;

		va_start(ap, fmt);
		s = xvasprintf(fmt, ap);
		va_end(ap);
		strvec_push(&r->chain, s);
		free(s);
	}
	return -1;
}

bool sut_err_has(const struct sut_err *err, enum sut_code code)
{
	for (size_t i = 0; i < err->n; i++)
		if (err->v[i].code == code)
			return true;
	return false;
}

enum sut_class sut_err_class(const struct sut_err *err)
{
	static const int gravity[] = {
		[SUT_CLASS_REFUSAL] = 0,
		[SUT_CLASS_USAGE] = 1,
		[SUT_CLASS_ENVIRONMENT] = 2,
		[SUT_CLASS_BUG] = 3,
	};
	enum sut_class worst = SUT_CLASS_REFUSAL;

	for (size_t i = 0; i < err->n; i++) {
		enum sut_class c = code_table[err->v[i].code].class;

		if (gravity[c] > gravity[worst])
			worst = c;
	}
	return worst;
}

static void reason_free(struct sut_reason *r)
{
	free(r->subject);
	free(r->cause);
	free(r->where);
	free(r->remedy);
	strvec_free(&r->chain);
}

void sut_err_move(struct sut_err *dst, struct sut_err *src)
{
	for (size_t i = 0; i < src->n; i++)
		*VEC_PUSH(dst->v, dst->n, dst->cap) = src->v[i];
	free(src->v);
	memset(src, 0, sizeof(*src));
}

static bool same_reason(const struct sut_reason *a, const struct sut_reason *b)
{
	return a->code == b->code && !strcmp(a->subject, b->subject) && !strcmp(a->cause, b->cause) &&
	       !a->where == !b->where && (!a->where || !strcmp(a->where, b->where));
}

void sut_err_move_new(struct sut_err *dst, struct sut_err *src)
{
	for (size_t i = 0; i < src->n; i++) {
		bool known = false;

		for (size_t k = 0; k < dst->n && !known; k++)
			known = same_reason(&dst->v[k], &src->v[i]);
		if (known)
			reason_free(&src->v[i]);
		else
			*VEC_PUSH(dst->v, dst->n, dst->cap) = src->v[i];
	}
	free(src->v);
	memset(src, 0, sizeof(*src));
}

void sut_err_free(struct sut_err *err)
{
	for (size_t i = 0; i < err->n; i++)
		reason_free(&err->v[i]);
	free(err->v);
	memset(err, 0, sizeof(*err));
}

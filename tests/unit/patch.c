// SPDX-License-Identifier: GPL-2.0-or-later
/* The patch file: what is written is read back, and nothing else is accepted. */
#include "patch/format.h"
#include "sample_patch.h"
#include "tap.h"

#include <stdlib.h>

static bool refused(const uint8_t *d, size_t n, enum sut_code *ret)
{
	struct sut_err err = {0};
	struct patch *p = patch_decode("test.sut", d, n, &err);
	bool good = !p && err.n;

	if (ret && err.n)
		*ret = err.v[0].code;
	patch_free(p);
	sut_err_free(&err);
	return good;
}

/* Reads, and where it reads, must write the same bytes again. True where it was accepted. */
static bool accepted_whole(const uint8_t *d, size_t n, bool *broken)
{
	struct sut_err err = {0};
	struct patch *p = patch_decode("test.sut", d, n, &err);
	uint8_t *again = NULL;
	size_t m = 0;
	bool ok = p != NULL;

	if (p && (patch_encode(p, &again, &m, &err) < 0 || m != n || memcmp(again, d, n)))
		*broken = true;
	free(again);
	patch_free(p);
	sut_err_free(&err);
	return ok;
}

static void round_trip(size_t n_objects)
{
	struct patch *p = sample_patch(n_objects), *q;
	struct sut_err err = {0};
	uint8_t *a, *b;
	size_t n, m;

	tap_ok(patch_encode(p, &a, &n, &err) == 0, "%zu object(s): encode (%s)", n_objects,
	       err.n ? err.v[0].cause : "fine");
	q = patch_decode("x", a, n, &err);
	if (!tap_ok(q != NULL, "decode (%s)", err.n ? err.v[0].cause : "fine"))
		return;
	tap_ok(patch_encode(q, &b, &m, &err) == 0 && n == m && !memcmp(a, b, n), "same bytes again");
	tap_eq_str(q->objects[n_objects - 1].funcs[0].name, "alpha", "function name");
	tap_eq_u64(q->objects[0].funcs[0].parts[0].addr, 0x3000, "part");
	tap_eq_str(q->objects[0].funcs[0].why_chain.v[0], "edited in one.patch", "chain");
	tap_eq_u64(q->objects[0].expects[0].mask[5], 0, "mask");
	tap_eq_u64(q->objects[0].secs[0].rels[0].offset, 3, "relocation offset");
	tap_eq_u64((uint64_t)q->objects[0].secs[0].rels[1].addend, (uint64_t)-4, "addend");
	tap_eq_str(q->objects[0].syms[q->objects[0].secs[0].rels[1].sym].name, "helper",
		   "relocation symbol");
	tap_ok(!memcmp(p->digest, q->digest, sizeof(p->digest)), "writer and reader agree on the digest");
	free(a);
	free(b);
	patch_free(p);
	patch_free(q);
	sut_err_free(&err);
}

static void damage(void)
{
	struct patch *p = sample_patch(2);
	struct sut_err err = {0};
	enum sut_code code = SUT_CODE_COUNT;
	size_t n, bad = 0, n_in = 0;
	unsigned int seed = 1;
	uint8_t *d, *c;
	bool broken = false;

	patch_encode(p, &d, &n, &err);
	for (size_t i = 0; i < n; i++) {
		c = xmemdup(d, i); /* exact size: ASan sees a read past the end */
		bad += !refused(c, i, &code);
		free(c);
	}
	tap_ok(!bad, "every truncation is refused");
	refused(d, n / 2, &code);
	tap_ok(code == SUT_F_TRUNCATED, "a half file is called cut short");
	refused((const uint8_t *)"--- a/x.c\n+++ b/x.c\n", 20, &code);
	tap_ok(code == SUT_F_NOT_PATCH, "a diff is called no patch");
	c = xmemdup(d, n);
	for (size_t i = 0; i < n; i += 7) {
		c[i] ^= (uint8_t)(1 << (i % 8));
		bad += !refused(c, n, &code);
		c[i] = d[i];
	}
	tap_ok(!bad, "every flipped bit is refused");
	/* With a digest that fits, only structure protects. */
	for (int i = 0; i < 20000; i++) {
		size_t at = (size_t)rand_r(&seed) % n, many = 1 + (size_t)rand_r(&seed) % 3;

		memcpy(c, d, n);
		while (many--)
			c[(at + many * 4) % n] = (uint8_t)rand_r(&seed);
		patch_seal(c, n);
		n_in += accepted_whole(c, n, &broken);
	}
	tap_ok(!broken, "sealed mutations are refused or canonical (%zu accepted)", n_in);
	tap_ok(n_in < 20000, "and many are refused");
	free(c);
	free(d);
	patch_free(p);
}

/* Replaces text of the same length in the file and seals it. */
static enum sut_code edited(const char *from, const char *to)
{
	struct patch *p = sample_patch(1);
	struct sut_err err = {0};
	enum sut_code code = SUT_CODE_COUNT;
	uint8_t *d, *at;
	size_t n;

	patch_encode(p, &d, &n, &err);
	at = memmem(d, n, from, strlen(from));
	if (at) {
		memcpy(at, to, strlen(to));
		patch_seal(d, n);
		refused(d, n, &code);
	}
	free(d);
	patch_free(p);
	return code;
}

static void content(void)
{
	struct patch *p;
	struct sut_err err = {0};
	uint8_t *d;
	size_t n;

	tap_ok(edited("\"format\": 1", "\"format\": 9") == SUT_F_NEWER, "a newer format is named so");
	tap_ok(edited("fix-one", "fix\\tne") == SUT_F_CORRUPT, "a bad patch name");
	tap_ok(edited("edited in", "edited\\u0") == SUT_F_CORRUPT, "bad JSON");
	tap_ok(edited("CVE-2026-0001", "CVE-20\\u009b6") == SUT_F_CORRUPT, "a terminal escape");
	tap_ok(edited("\"0x1000\"", "\"0x2000\"") == SUT_F_CORRUPT, "functions that overlap");
	tap_ok(edited("\"new\": 1", "\"new\": 9") == SUT_F_CORRUPT, "new code that is no code");
	tap_ok(edited("\"file\": ", "\"name\": ") == SUT_F_CORRUPT, "a key that is there twice");
	tap_ok(edited("\"why\": ", "\"whx\": ") == SUT_F_CORRUPT, "an unknown key");

	p = sample_patch(1);
	p->objects[0].secs[0].rels[0].type = R_X86_64_GOTPCREL;
	tap_ok(patch_encode(p, &d, &n, &err) < 0 && sut_err_has(&err, SUT_F_CONTENT),
	       "a relocation type that is not plain is not written");
	p->objects[0].secs[0].rels[0].type = R_X86_64_PC32;
	p->objects[0].secs[0].rels[0].offset = p->objects[0].secs[0].size - 3;
	tap_ok(patch_encode(p, &d, &n, &err) < 0, "nor one outside its section");
	patch_free(p);
	sut_err_free(&err);
	tap_ok(patch_name_ok("a.b_c+d-1") && !patch_name_ok("") && !patch_name_ok("a/b") &&
	       !patch_name_ok("a b") && !patch_name_ok("-x") && !patch_name_ok(NULL), "names");
}

int main(void)
{
	round_trip(1);
	round_trip(3);
	damage();
	content();
	return tap_done();
}

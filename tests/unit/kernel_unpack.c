// SPDX-License-Identifier: GPL-2.0-or-later
/* Boot images taken apart: each compression, each wrapper, and nothing read beyond what is there. */
#include "kernel/unpack.h"
#include "tap.h"

#include <elf.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

enum { KERNEL = 300000 };

static uint8_t *kernel_bytes(void)
{
	uint8_t *p = malloc(KERNEL);
	unsigned int seed = 7;

	/* Half of it compresses. */
	for (size_t i = 0; i < KERNEL; i++)
		p[i] = i % 4096 < 2048 ? (uint8_t)rand_r(&seed) : (uint8_t)(i >> 12);
	memcpy(p, ELFMAG, SELFMAG);
	return p;
}

static void compress_as(const char *how, const uint8_t *p, size_t n, struct buf *out)
{
	size_t room = 2 * n + 1000, len = 0;

	memset(out, 0, sizeof(*out));
	buf_add(out, NULL, room);
	if (!strcmp(how, "gzip")) {
		z_stream z = {.next_in = (uint8_t *)p, .avail_in = (uInt)n, .next_out = out->p,
			      .avail_out = (uInt)room};

		deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
		deflate(&z, Z_FINISH);
		len = z.total_out;
		deflateEnd(&z);
	} else if (!strcmp(how, "xz")) {
		lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, p, n, out->p, &len, room);
	} else if (!strcmp(how, "lzma")) {
		lzma_stream s = LZMA_STREAM_INIT;
		lzma_options_lzma o;

		lzma_lzma_preset(&o, 1);
		if (lzma_alone_encoder(&s, &o) != LZMA_OK)
			abort();
		s.next_in = p;
		s.avail_in = n;
		s.next_out = out->p;
		s.avail_out = room;
		if (lzma_code(&s, LZMA_FINISH) != LZMA_STREAM_END)
			abort();
		len = s.total_out;
		lzma_end(&s);
	} else if (!strcmp(how, "zstd")) {
		len = ZSTD_compress(out->p, room, p, n, 3);
	} else {
		uint32_t size;

		memcpy(out->p, "\x02\x21\x4c\x18", 4);
		size = (uint32_t)LZ4_compress_default((const char *)p, (char *)out->p + 8, (int)n, (int)room - 8);
		memcpy(out->p + 4, &size, 4);
		len = size + 8;
	}
	out->n = len;
}

static int unpack_exact(const struct buf *b, size_t n, struct unpacked *ret)
{
	struct sut_err err = {0};
	uint8_t *p = malloc(n ? n : 1);
	int r;

	memcpy(p, b->p, n);
	r = kernel_unpack("vmlinuz", p, n, ret, &err);
	if (r < 0 && !sut_err_has(&err, SUT_K_IMAGE))
		r = -2;
	free(p);
	sut_err_free(&err);
	return r;
}

static void bzimage(const struct buf *kernel, struct buf *out)
{
	uint32_t at = 0x300, len = (uint32_t)kernel->n;

	memset(out, 0, sizeof(*out));
	buf_add(out, NULL, 1024 + at);
	out->p[0x1f1] = 1;
	memcpy(out->p + 0x202, "HdrS\x0f\x02", 6);
	memcpy(out->p + 0x248, &at, 4);
	memcpy(out->p + 0x24c, &len, 4);
	buf_add(out, kernel->p, kernel->n);
	buf_add(out, "trailer", 7);
}

static void zimage(const struct buf *kernel, struct buf *out)
{
	uint32_t magic = 0x016f2818, end;

	memset(out, 0, sizeof(*out));
	buf_add(out, NULL, 0x800);
	memcpy(out->p + 0x24, &magic, 4);
	buf_add(out, "\x1f\x8b\x08 no stream \x5d\0\0\0", 18);
	buf_add(out, kernel->p, kernel->n);
	end = (uint32_t)out->n;
	memcpy(out->p + 0x2c, &end, 4);
}

static void zboot(const struct buf *kernel, struct buf *out)
{
	uint32_t v[2] = {0x600, (uint32_t)kernel->n};

	memset(out, 0, sizeof(*out));
	buf_add(out, NULL, 0x600);
	memcpy(out->p, "MZ\0\0zimg", 8);
	memcpy(out->p + 8, v, 8);
	buf_add(out, kernel->p, kernel->n);
}

int main(void)
{
	static const char *const hows[] = {"gzip", "xz", "lzma", "zstd", "lz4"};
	uint8_t *kernel = kernel_bytes();
	struct buf packed, image;
	struct unpacked u;
	size_t wrong = 0;
	unsigned int seed = 3;

	for (size_t i = 0; i < sizeof(hows) / sizeof(hows[0]); i++) {
		compress_as(hows[i], kernel, KERNEL, &packed);
		bzimage(&packed, &image);
		tap_ok(unpack_exact(&image, image.n, &u) == 0 && u.is_elf && u.data.n == KERNEL &&
			       !memcmp(u.data.p, kernel, KERNEL), "bzImage, %s", hows[i]);
		buf_free(&u.data);
		wrong = 0;
		for (size_t n = 0; n < image.n - 8; n += 4099) {
			wrong += unpack_exact(&image, n, &u) != -1;
			buf_free(&u.data);
		}
		tap_ok(!wrong, "bzImage, %s: refused wherever it is cut off", hows[i]);
		wrong = 0;
		for (int k = 0; k < 60; k++) {
			size_t at = (size_t)rand_r(&seed) % image.n;
			uint8_t old = image.p[at];

			image.p[at] ^= (uint8_t)(1 + rand_r(&seed) % 255);
			wrong += unpack_exact(&image, image.n, &u) == -2;
			buf_free(&u.data);
			image.p[at] = old;
		}
		tap_ok(!wrong, "bzImage, %s: a changed byte is refused by its name or does no harm", hows[i]);
		buf_free(&image);
		zimage(&packed, &image);
		tap_ok(unpack_exact(&image, image.n, &u) == 0 && u.machine == EM_ARM && u.data.n == KERNEL &&
			       !memcmp(u.data.p, kernel, KERNEL), "zImage, %s", hows[i]);
		buf_free(&u.data);
		buf_free(&image);
		zboot(&packed, &image);
		tap_ok(unpack_exact(&image, image.n, &u) == 0 && u.data.n == KERNEL, "zboot, %s", hows[i]);
		buf_free(&u.data);
		buf_free(&image);
		tap_ok(unpack_exact(&packed, packed.n, &u) == 0 && u.is_elf, "the kernel alone, %s", hows[i]);
		buf_free(&u.data);
		buf_free(&packed);
	}
	memset(&image, 0, sizeof(image));
	buf_add(&image, NULL, 5000);
	tap_ok(unpack_exact(&image, image.n, &u) == -1, "zeroes are no kernel");
	memcpy(image.p + 0x38, "ARM\x64", 4);
	tap_ok(unpack_exact(&image, image.n, &u) == 0 && u.machine == EM_AARCH64 && !u.is_elf, "a raw arm64 image");
	buf_free(&u.data);
	buf_free(&image);
	free(kernel);
	return tap_done();
}

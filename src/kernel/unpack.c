// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Boot images, by their documentation in the kernel's tree:
 *
 *	bzImage	Documentation/arch/x86/boot.rst: set-up sectors, then code with the compressed kernel (an ELF
 *		file without symbols) in it, whose place the header names since protocol 2.08
 *	zImage	Documentation/arch/arm/booting.rst: a decompressor with the compressed kernel somewhere in it; nothing
 *		names the place, so each one that looks like a stream is tried
 *	Image	Documentation/arch/arm64/booting.rst: the kernel as it lies in memory, 64 bytes of header in front
 *	zboot	drivers/firmware/efi/libstub/zboot-header.S: an EFI program, offset and length at 8 and 12
 *
 * Only little-endian machines. Each number of the file is checked before it is used.
 */
#include "kernel/unpack.h"

#include <elf.h>
#include <lz4.h>
#include <lzma.h>
#include <stdlib.h>
#include <zlib.h>
#include <zstd.h>

#define MAX_KERNEL (512u << 20)
#define STEP	   (1u << 20)
#define LZ4_BLOCK  (8u << 20) /* lz4's legacy format: every block but the last becomes this much */

static const uint8_t GZIP[] = {0x1f, 0x8b, 8}, XZ[] = {0xfd, '7', 'z', 'X', 'Z', 0},
		     ZSTD[] = {0x28, 0xb5, 0x2f, 0xfd}, LZ4[] = {2, 0x21, 0x4c, 0x18},
		     LZMA[] = {0x5d, 0, 0};

static bool begins(const uint8_t *p, size_t n, const uint8_t *magic, size_t len)
{
	return n >= len && !memcmp(p, magic, len);
}

/* Room for the next piece of output; false where the result is larger than any kernel. */
static bool grow(struct buf *b, size_t *ret_at)
{
	if (b->n >= MAX_KERNEL)
		return false;
	*ret_at = buf_add(b, NULL, STEP);
	return true;
}

static bool gunzip(const uint8_t *p, size_t n, struct buf *out)
{
	z_stream z = {.next_in = (uint8_t *)p, .avail_in = (uInt)MIN(n, (size_t)UINT32_MAX)};
	int r = Z_OK;
	size_t at;

	if (inflateInit2(&z, 15 + 16) != Z_OK)
		return false;
	while (r == Z_OK && grow(out, &at)) {
		z.next_out = out->p + at;
		z.avail_out = STEP;
		r = inflate(&z, Z_NO_FLUSH);
		out->n -= z.avail_out;
		if (z.avail_out == STEP)
			break; /* no progress: it is cut off */
	}
	inflateEnd(&z);
	return r == Z_STREAM_END;
}

static bool unlzma(const uint8_t *p, size_t n, bool is_xz, struct buf *out)
{
	lzma_stream s = LZMA_STREAM_INIT;
	lzma_ret r = is_xz ? lzma_stream_decoder(&s, MAX_KERNEL, 0) : lzma_alone_decoder(&s, MAX_KERNEL);
	size_t at;

	s.next_in = p;
	s.avail_in = n;
	while (r == LZMA_OK && grow(out, &at)) {
		s.next_out = out->p + at;
		s.avail_out = STEP;
		r = lzma_code(&s, LZMA_RUN);
		out->n -= s.avail_out;
		if (s.avail_out == STEP)
			break;
	}
	lzma_end(&s);
	return r == LZMA_STREAM_END;
}

static bool unzstd(const uint8_t *p, size_t n, struct buf *out)
{
	ZSTD_DStream *s = ZSTD_createDStream();
	ZSTD_inBuffer in = {p, n, 0};
	size_t r = s ? ZSTD_initDStream(s) : 0, at;

	/* Kernels are compressed with windows as large as they are. */
	if (s)
		ZSTD_DCtx_setParameter(s, ZSTD_d_windowLogMax, 30);
	while (s && r && !ZSTD_isError(r) && grow(out, &at)) {
		ZSTD_outBuffer o = {out->p + at, STEP, 0};

		r = ZSTD_decompressStream(s, &o, &in);
		out->n -= STEP - o.pos;
		if (!o.pos && in.pos == in.size)
			break;
	}
	ZSTD_freeDStream(s);
	return s && !r;
}

/* Blocks with their length in front; the last one is shorter, or what follows is no length of a block. */
static bool unlz4(const uint8_t *p, size_t n, struct buf *out)
{
	size_t at = sizeof(LZ4);
	bool any = false;

	while (n - at >= 4) {
		uint32_t len = get32(p + at);
		size_t o;
		int got;

		if (!len || len > n - at - 4 || len > (uint32_t)LZ4_compressBound(LZ4_BLOCK) ||
		    out->n >= MAX_KERNEL)
			break;
		o = buf_add(out, NULL, LZ4_BLOCK);
		got = LZ4_decompress_safe((const char *)p + at + 4, (char *)out->p + o, (int)len, LZ4_BLOCK);
		out->n = o + (got > 0 ? (size_t)got : 0);
		if (got <= 0)
			return false;
		any = true;
		at += 4 + len;
		if (got < (int)LZ4_BLOCK)
			break;
	}
	return any;
}

int kernel_decompress(const uint8_t *p, size_t n, struct buf *ret)
{
	bool good;

	memset(ret, 0, sizeof(*ret));
	if (begins(p, n, GZIP, sizeof(GZIP)))
		good = gunzip(p, n, ret);
	else if (begins(p, n, XZ, sizeof(XZ)))
		good = unlzma(p, n, true, ret);
	else if (begins(p, n, ZSTD, sizeof(ZSTD)))
		good = unzstd(p, n, ret);
	else if (begins(p, n, LZ4, sizeof(LZ4)))
		good = unlz4(p, n, ret);
	else if (begins(p, n, LZMA, sizeof(LZMA)))
		good = unlzma(p, n, false, ret);
	else
		return -1;
	if (good)
		return 0;
	buf_free(ret);
	return -1;
}

static int refuse(const char *name, struct sut_err *err, const char *what)
{
	return sut_fail(err, SUT_K_IMAGE, name, "%s", what);
}

static int from_bzimage(const char *name, const uint8_t *p, size_t n, struct unpacked *ret,
			struct sut_err *err)
{
	size_t sectors = p[0x1f1] ? p[0x1f1] : 4, at, len;

	if (get16(p + 0x206) < 0x208)
		return refuse(name, err, "its boot protocol is older than 2.08 (Linux 2.6.26)");
	at = (sectors + 1) * 512 + (size_t)get32(p + 0x248);
	len = get32(p + 0x24c);
	if (at > n || len > n - at)
		return refuse(name, err, "it is cut off: the compressed kernel lies beyond its end");
	if (kernel_decompress(p + at, len, &ret->data) < 0)
		return refuse(name, err, "the kernel in it cannot be decompressed");
	if (!begins(ret->data.p, ret->data.n, (const uint8_t *)ELFMAG, SELFMAG))
		return refuse(name, err, "what is compressed in it is not an ELF file");
	ret->is_elf = true;
	return 0;
}

static int from_zimage(const char *name, const uint8_t *p, size_t n, struct unpacked *ret,
		       struct sut_err *err)
{
	size_t end = get32(p + 0x2c), start = get32(p + 0x28);

	end = end > start ? MIN(end - start, n) : n;
	for (size_t at = 0x30; at + 8 < end; at++) {
		if (p[at] != GZIP[0] && p[at] != XZ[0] && p[at] != LZ4[0] && p[at] != LZMA[0] && p[at] != ZSTD[0])
			continue;
		/* What is small is no kernel: bytes that look like a stream by accident. */
		if (kernel_decompress(p + at, end - at, &ret->data) == 0) {
			if (ret->data.n > end / 2) {
				ret->machine = EM_ARM;
				return 0;
			}
			buf_free(&ret->data);
		}
	}
	return refuse(name, err, "no compressed kernel is found in it");
}

static int from_zboot(const char *name, const uint8_t *p, size_t n, struct unpacked *ret, struct sut_err *err)
{
	size_t at = get32(p + 8), len = get32(p + 12);
	struct buf b;
	int r;

	if (at > n || len > n - at || kernel_decompress(p + at, len, &b) < 0)
		return refuse(name, err, "the kernel in it cannot be decompressed");
	r = begins(b.p, b.n, (const uint8_t *)"MZ", 2) && b.n > 8 && !memcmp(b.p + 4, "zimg", 4) ?
		    refuse(name, err, "a boot image in a boot image") :
		    kernel_unpack(name, b.p, b.n, ret, err);
	buf_free(&b);
	return r;
}

int kernel_unpack(const char *name, const uint8_t *p, size_t n, struct unpacked *ret, struct sut_err *err)
{
	struct buf b;
	int r;

	memset(ret, 0, sizeof(*ret));
	if (n < 0x400)
		return refuse(name, err, "it is too short for a kernel");
	if (begins(p, n, (const uint8_t *)ELFMAG, SELFMAG)) {
		buf_add(&ret->data, p, n);
		ret->is_elf = true;
		return 0;
	}
	if (!memcmp(p + 0x202, "HdrS", 4))
		return from_bzimage(name, p, n, ret, err);
	if (get32(p + 0x24) == 0x016f2818)
		return from_zimage(name, p, n, ret, err);
	if (!memcmp(p + 0x38, "ARM\x64", 4)) {
		buf_add(&ret->data, p, n);
		ret->machine = EM_AARCH64;
		return 0;
	}
	if (!memcmp(p, "MZ", 2) && !memcmp(p + 4, "zimg", 4))
		return from_zboot(name, p, n, ret, err);
	if (kernel_decompress(p, n, &b) < 0)
		return refuse(name, err, "it is none of bzImage, zImage, Image, zboot and ELF");
	/* Compressed once, as Image.gz is; not again and again. */
	if (kernel_decompress(b.p, b.n, &ret->data) == 0) {
		buf_free(&ret->data);
		buf_free(&b);
		return refuse(name, err, "it is compressed more than once");
	}
	r = kernel_unpack(name, b.p, b.n, ret, err);
	buf_free(&b);
	return r;
}

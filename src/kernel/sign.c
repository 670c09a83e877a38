// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The signature of a kernel module: a detached CMS message without certificates and attributes over the
 * module's bytes, behind it a trailer that says how long it is, behind that a magic line
 * (Documentation/admin-guide/module-signing.rst; include/linux/module_signature.h).
 */
#include "kernel/module.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

static const char magic[] = "~Module signature appended~\n";

enum { PKEY_ID_PKCS7 = 2, TRAILER = 12 };

static int failed(const char *subject, const char *what, struct sut_err *err)
{
	char text[200];
	unsigned long e = ERR_peek_last_error();

	ERR_error_string_n(e, text, sizeof(text));
	ERR_clear_error();
	return sut_fail(err, SUT_K_SIGN, subject, "%s%s%s", what, e ? ": " : "", e ? text : "");
}

static EVP_PKEY *read_key(const char *path)
{
	BIO *b = BIO_new_file(path, "rb");
	EVP_PKEY *k = b ? PEM_read_bio_PrivateKey(b, NULL, NULL, NULL) : NULL;

	BIO_free(b);
	return k;
}

static X509 *read_cert(const char *path)
{
	BIO *b = BIO_new_file(path, "rb");
	X509 *x = b ? PEM_read_bio_X509(b, NULL, NULL, NULL) : NULL;

	if (b && !x && BIO_reset(b) == 0)
		x = d2i_X509_bio(b, NULL);
	BIO_free(b);
	return x;
}

/* The message in DER form. Fresh bytes in @ret. */
static int make_message(const struct buf *ko, X509 *x, EVP_PKEY *key, struct buf *ret)
{
	const unsigned int flags = CMS_NOCERTS | CMS_BINARY;
	CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags | CMS_PARTIAL | CMS_DETACHED | CMS_STREAM);
	BIO *in = BIO_new_mem_buf(ko->p, (int)ko->n);
	unsigned char *der = NULL;
	int n = -1;

	if (cms && in && CMS_add1_signer(cms, x, key, EVP_sha256(), flags | CMS_NOSMIMECAP | CMS_NOATTR) &&
	    CMS_final(cms, in, NULL, flags) == 1)
		n = i2d_CMS_ContentInfo(cms, &der);
	if (n > 0)
		buf_add(ret, der, (size_t)n);
	OPENSSL_free(der);
	BIO_free(in);
	CMS_ContentInfo_free(cms);
	return n > 0 ? 0 : -1;
}

int module_sign(struct buf *ko, const char *key, const char *cert, struct sut_err *err)
{
	EVP_PKEY *k = read_key(key);
	X509 *x = k ? read_cert(cert) : NULL;
	uint8_t trailer[TRAILER] = {[2] = PKEY_ID_PKCS7};
	struct buf message = {0};
	int r = -1;

	if (!k)
		failed(key, "the private key cannot be read", err);
	else if (!x)
		failed(cert, "the certificate cannot be read", err);
	else if (X509_check_private_key(x, k) != 1)
		failed(cert, "the certificate is not that of the key", err);
	else if (make_message(ko, x, k, &message) < 0)
		failed(key, "the signature cannot be made", err);
	else
		r = 0;
	if (!r) {
		for (int i = 0; i < 4; i++)
			trailer[8 + i] = (uint8_t)(message.n >> (24 - 8 * i));
		buf_add(ko, message.p, message.n);
		buf_add(ko, trailer, sizeof(trailer));
		buf_add(ko, magic, sizeof(magic) - 1);
	}
	buf_free(&message);
	EVP_PKEY_free(k);
	X509_free(x);
	return r;
}

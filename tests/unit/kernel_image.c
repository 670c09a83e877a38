// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A generated kernel as an image with symbols, damaged in every way; and what a kernel build refuses before it
 * compiles anything.
 */
#include "kernel/image.h"
#include "elf/wire.h"
#include "kallsyms_gen.h"
#include "kernel/kbuild.h"
#include "tap.h"

#include <stdio.h>
#include <unistd.h>

static const char banner[] = "Linux version 6.1.0-99-test (x@y) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld) "
			     "#1 SMP Debian 6.1.176-1 (2026-01-01)\n";

static void vmlinux(struct buf *out)
{
	Elf64_Ehdr eh = {.e_type = ET_EXEC, .e_machine = EM_X86_64, .e_version = EV_CURRENT, .e_phoff = 64,
			 .e_phentsize = 56, .e_phnum = 1, .e_ehsize = 64};
	Elf64_Phdr ph = {.p_type = PT_LOAD, .p_flags = PF_R | PF_X, .p_offset = 4096, .p_align = 4096,
			 .p_vaddr = 0xffffffff81000000};
	struct made m;

	memset(out, 0, sizeof(*out));
	make(&m, 300, 8, ORDER_SEQS, false, false);
	buf_add(out, NULL, 4096);
	buf_add(out, m.b.p, m.b.n);
	buf_addstr(out, "Linux version %s");
	buf_addstr(out, banner);
	memcpy(eh.e_ident, ELFMAG, SELFMAG);
	eh.e_ident[EI_CLASS] = ELFCLASS64;
	eh.e_ident[EI_DATA] = ELFDATA2LSB;
	eh.e_ident[EI_VERSION] = EV_CURRENT;
	ph.p_filesz = ph.p_memsz = out->n - 4096;
	wire_put_ehdr(out->p, ELFCLASS64, &eh);
	wire_put_phdr(out->p + 64, ELFCLASS64, &ph);
	unmake(&m);
}

static void put(const char *dir, const char *name, const void *p, size_t n)
{
	char *path = path_join(dir, name);

	if (write_file(path, p, n) < 0)
		perror(path);
	free(path);
}

static bool refuses(const struct kbuild_opts *o, enum sut_code code)
{
	struct sut_err err = {0};
	struct kbuild kb;
	bool good = kbuild_run(&kb, o, &err) < 0 && err.n == 1 && sut_err_has(&err, code);

	for (size_t i = 0; i < err.n && !good; i++)
		printf("# %s: %s\n", err.v[i].subject, err.v[i].cause);
	kbuild_free(&kb);
	sut_err_free(&err);
	return good;
}

int main(void)
{
	static const char makefile[] = "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 175\n";
	char dir[] = "/tmp/suture-image-XXXXXX", *image, *tree, *work, *config;
	const char *patches[] = {"/dev/null", NULL};
	struct kbuild_opts o = {.patches = patches};
	struct sut_err err = {0};
	struct kimage *k;
	struct buf b;
	size_t n = 0, wrong = 0;
	unsigned int seed = 5;

	if (!mkdtemp(dir))
		return 1;
	image = path_join(dir, "vmlinuz");
	tree = path_join(dir, "tree");
	work = path_join(dir, "work");
	config = path_join(dir, "config");
	vmlinux(&b);
	put(dir, "vmlinuz", b.p, b.n);
	k = kimage_open(image, &err);
	tap_ok(k && k->n_syms == 300 && k->machine == EM_X86_64, "a kernel is opened");
	tap_ok(k && k->banner && !strncmp(k->banner, banner, strlen(banner) - 1), "its banner is the one with a number");
	tap_ok(k && kimage_find(k, "f_20", &n) && n == 1 && kimage_find(k, "f_20", NULL)->size == 16 &&
		       kimage_at(k, kimage_find(k, "f_20", NULL)->addr + 15) == kimage_find(k, "f_20", NULL),
	       "a symbol is found by name and by address, with its size");
	tap_ok(k && !kimage_find(k, "f_", &n) && n == 0, "no other name will do");
	kimage_free(k);
	for (int i = 0; i < 400; i++) {
		size_t at = (size_t)rand_r(&seed) % (i % 2 ? 4096 : b.n), len = i % 7 ? b.n : (size_t)rand_r(&seed) % b.n;
		uint8_t old = b.p[at];

		b.p[at] = (uint8_t)rand_r(&seed);
		put(dir, "vmlinuz", b.p, len);
		k = kimage_open(image, &err);
		wrong += !k && !err.n;
		kimage_free(k);
		sut_err_free(&err);
		memset(&err, 0, sizeof(err));
		b.p[at] = old;
	}
	tap_ok(!wrong, "a damaged one is opened or refused with a reason");
	put(dir, "vmlinuz", b.p, b.n);

	mkdir_p(tree);
	put(tree, "Kconfig", "", 0);
	put(dir, "config", "CONFIG_X=y\n", 11);
	o.source = tree;
	o.work = work;
	o.vmlinuz = "/nonexistent/vmlinuz";
	tap_ok(refuses(&o, SUT_E_IO), "an image that is not there");
	o.vmlinuz = config;
	tap_ok(refuses(&o, SUT_K_IMAGE), "a file that is no kernel");
	o.vmlinuz = NULL;
	o.release = "0.0.0-none";
	tap_ok(refuses(&o, SUT_K_NO_IMAGE), "a release that is not installed");
	o.vmlinuz = image;
	tap_ok(refuses(&o, SUT_K_VERSION), "a kernel of another release");
	o.release = NULL;
	tap_ok(refuses(&o, SUT_K_CONFIG), "no configuration");
	o.config = config;
	tap_ok(refuses(&o, SUT_K_SOURCE), "a folder that is no kernel's source");
	put(tree, "Makefile", makefile, strlen(makefile));
	tap_ok(refuses(&o, SUT_K_VERSION), "source of 6.1.175 for a kernel of 6.1.176");
	tap_ok(!file_exists(work), "nothing was prepared for any of these");
	remove_tree(dir);
	buf_free(&b);
	free(image);
	free(tree);
	free(work);
	free(config);
	return tap_done();
}

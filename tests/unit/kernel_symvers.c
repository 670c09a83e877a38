// SPDX-License-Identifier: GPL-2.0-or-later
/* What the kernel exports, to whom. */
#include <stdlib.h>
#include <unistd.h>

#include "kernel/symvers.h"
#include "tap.h"

static const char text[] = "0x0000000c\tplain\tvmlinux\tEXPORT_SYMBOL\t\n"
			   "0x0000000b\tgpl\tfs/nfs_common/nfs-acl\tEXPORT_SYMBOL_GPL\n"
			   "0x0000000a\tnamed\tvmlinux\tEXPORT_SYMBOL_GPL\tDMA_BUF\n"
			   "0x00000009\tof_one\tvmlinux\tEXPORT_SYMBOL_GPL\tmodule:kvm\n"
			   "cut short\n";

int main(void)
{
	char dir[] = "/tmp/kernel_symvers.XXXXXX";
	struct symvers *s;
	const struct export *e;
	char *path;

	if (!tap_ok(mkdtemp(dir) != NULL, "a temporary folder"))
		return tap_done();
	path = path_join(dir, "Module.symvers");
	tap_ok(!write_file(path, text, sizeof(text) - 1), "a list");
	s = symvers_read(dir);
	e = symvers_find(s, "plain");
	tap_ok(e && !e->gpl && !e->ns && !strcmp(e->object, "vmlinux"), "a symbol for all");
	e = symvers_find(s, "gpl");
	tap_ok(e && e->gpl && !e->ns && !strcmp(e->object, "nfs_acl"), "one of a module, for free ones");
	e = symvers_find(s, "named");
	tap_ok(e && e->gpl && e->ns && !strcmp(e->ns, "DMA_BUF"), "one of a namespace");
	tap_ok(!symvers_find(s, "of_one"), "one for a module by its name counts as not exported");
	tap_ok(!symvers_find(s, "none"), "and what is not there");
	symvers_free(s);
	unlink(path);
	rmdir(dir);
	free(path);
	s = symvers_read(dir);
	tap_ok(!symvers_find(s, "plain"), "no list, no exports");
	symvers_free(s);
	return tap_done();
}

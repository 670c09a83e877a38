// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of a package's programs. */
#include "build/deb.h"
#include "tap.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char top[] = "/tmp/suture-deb-XXXXXX";

static void put(const char *name, const char *text)
{
	char *p = path_join(top, name), *dir = xstrndup(p, strlen(p) - strlen(path_base(p)));

	if (mkdir_p(dir) < 0 || write_file(p, text, strlen(text)) < 0)
		tap_ok(false, "cannot write %s", p);
	free(dir);
	free(p);
}

static void lead(const char *name, const char *to)
{
	char *p = path_join(top, name);

	if (symlink(to, p))
		tap_ok(false, "cannot link %s", p);
	free(p);
}

static void named(const char *source, const char *path, const char *want, const char *why)
{
	struct deb d = {.source = (char *)source, .dir = top, .root = path_join(top, "binary")};
	char *p = path_join(d.root, path), *name = deb_program_name(&d, p);

	if (!tap_ok(!strcmp(name, want), "%s is '%s': %s", path, want, why))
		printf("# it is '%s'\n", name);
	free(name);
	free(p);
	free(d.root);
}

int main(void)
{
	if (!mkdtemp(top))
		return 1;
	put("binary/usr/bin/store-check-aof", "one program");
	put("binary/usr/bin/store-check-rdb", "one program");
	put("binary/usr/bin/store-cli", "other progr");
	lead("binary/usr/bin/store-server", "store-check-rdb");
	lead("binary/usr/bin/store-sentinel", "/usr/bin/store-check-rdb");
	put("debs/store-server_5%3a7_amd64.deb", "");
	put("debs/store-sentinel_5%3a7_amd64.deb", "");
	put("debs/store-tools_5%3a7_amd64.deb", "");
	named("store", "usr/bin/store-check-aof", "store-server", "a package has this name");
	named("store", "usr/bin/store-check-rdb", "store-server", "a link to it is what packages are called by");
	named("store", "usr/bin/store-cli", "store-cli", "of the same size, but another program");
	lead("binary/usr/bin/store", "store-check-aof");
	named("store", "usr/bin/store-check-aof", "store", "the source package has this name");
	put("binary/usr/sbin/long-name", "tool");
	put("binary/usr/sbin/name", "tool");
	named("store", "usr/sbin/long-name", "name", "the shortest of equals");
	put("binary/usr/lib/store/plugin", "plugin");
	named("store", "usr/lib/store/plugin", "plugin", "it has no other name");
	remove_tree(top);
	return tap_done();
}

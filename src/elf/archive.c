// SPDX-License-Identifier: GPL-2.0-or-later
#include "elf/archive.h"

#include <fcntl.h>
#include <libelf.h>
#include <unistd.h>

bool archive_names(const char *path, struct strvec *ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf_Arsym *v = NULL;
	Elf *elf = NULL;
	size_t n = 0;

	if (fd < 0)
		return false;
	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_AR)
		v = elf_getarsym(elf, &n);
	for (size_t i = 0; v && i < n; i++)
		if (v[i].as_name)
			strvec_push(ret, v[i].as_name);
	elf_end(elf);
	close(fd);
	return v != NULL;
}

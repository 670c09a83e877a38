// SPDX-License-Identifier: GPL-2.0-or-later
int ext(void);
int limit = 10;
__attribute__((constructor)) void start(void)
{
	limit = ext() + 5;
}

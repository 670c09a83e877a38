// SPDX-License-Identifier: GPL-2.0-or-later
struct config {
	int a;
	int b;
};
struct config config;
struct unused {
	int a;
};
void set(int n)
{
	config.a = n;
	config.b = n * 2;
}
int get(void)
{
	return config.a - 3 * config.b;
}

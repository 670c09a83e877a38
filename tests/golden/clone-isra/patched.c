// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
struct s {
	int a, b, c;
};
static __attribute__((noinline)) int h(struct s *p)
{
	return ext(p->a) - ext(5);
}
int f(struct s *p)
{
	return h(p) + 1;
}
int g(struct s *p)
{
	return h(p) * 2;
}

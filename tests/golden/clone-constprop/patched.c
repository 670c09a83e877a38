// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
struct s {
	int a, b, c;
};
static __attribute__((noinline)) int h(struct s *p, int mode)
{
	if (mode == 3)
		return ext(p->a) - ext(p->b);
	return ext(p->c);
}
int f(struct s *p)
{
	return h(p, 3) + 1;
}
int g(struct s *p)
{
	return h(p, 3) * 2;
}

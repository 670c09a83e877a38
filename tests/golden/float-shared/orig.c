// SPDX-License-Identifier: GPL-2.0-or-later
double f(double x)
{
	return x * 1.5;
}
double g(double x)
{
	return x * 2.5 + 1.5;
}

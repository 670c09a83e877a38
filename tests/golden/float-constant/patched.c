// SPDX-License-Identifier: GPL-2.0-or-later
double f(double x)
{
	return x * 3.5;
}
double g(double x)
{
	return x * 2.5;
}
float h(float x)
{
	return x + 0.1f;
}

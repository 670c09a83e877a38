// SPDX-License-Identifier: GPL-2.0-or-later
int ext(int);
int f(int x)
{
	switch (x) {
	case 0:
		return ext(11);
	case 1:
		return ext(5) + 1;
	case 2:
		return ext(77) * 2;
	case 3:
		return ext(1) - 4;
	case 4:
		return ext(6) ^ 5;
	case 5:
		return ext(9) | 1;
	}
	return 0;
}
int g(int x)
{
	switch (x) {
	case 0:
		return ext(1);
	case 1:
		return ext(2) + 2;
	case 2:
		return ext(3) * 5;
	case 3:
		return ext(4) - 3;
	case 4:
		return ext(5) ^ 7;
	case 5:
		return ext(6) | 8;
	}
	return 1;
}

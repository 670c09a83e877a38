// SPDX-License-Identifier: GPL-2.0-or-later
int helper_used(int n);
int helper_unused(int n);

int helper_data[] = {3, 30, 300};

int helper_unused(int n)
{
	return n * 7 + helper_data[1];
}

int helper_used(int n)
{
	return helper_data[0]++ + helper_data[1]++ + helper_data[2]++ + n;
}

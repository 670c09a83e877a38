/* The kernel's __UNIQUE_ID(): a number that counts through the unit. */
struct msg { const char *func; int line, on; };
int print(struct msg *m);

int a(int n)
{
	static struct msg __UNIQUE_ID_msg10 = {"a", 1, 0};

	return print(&__UNIQUE_ID_msg10) + n;
}

int b(int n)
{
	static struct msg __UNIQUE_ID_msg12 = {"b", 2, 0};

	return print(&__UNIQUE_ID_msg12) + n;
}

int c(int n)
{
	static struct msg __UNIQUE_ID_msg14 = {"c", 3, 0};

	return print(&__UNIQUE_ID_msg14) + n;
}

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# An instruction of a function that a linker moved away (erratum 843419 of arm64): it is a part of the function.
. "$(dirname "$0")/../lib/tree.sh"

cc=aarch64-linux-gnu-gcc
have $cc 'a linker that moves instructions' || finish
project moved
rm src/*
# Of so many functions some have the instructions of the erratum at the end of a page.
{
	echo 'extern long a, b, c, d, arr[];'
	i=0
	while [ $i -lt 400 ]; do
		echo "long f$i(long *p, long n) { p[1] = n; long x = a; p[2] = x + $i; b = p[3] * n; c += d ^ $i;"
		echo "	return x + arr[$i] + b * $((i + 3)); }"
		i=$((i + 1))
	done
	echo 'int (*u[])(void) = {'
	seq -f '(int (*)(void))f%g,' 0 399
	echo '};'
} >src/many.c
echo 'long a = 1, b, c, d = 3, arr[500] = {7}; extern int (*u[])(void); int main(int n, char **v) { return u[n](); }' >src/few.c
cat >src/Makefile <<END2
prog: many.o few.o
	$cc -pie -Wl,--build-id,--fix-cortex-a53-843419=adrp -o \$@ few.o many.o
%.o: %.c
	$cc -O0 -fPIE -c -o \$@ \$<
END2
made make
aarch64-linux-gnu-objdump -d made/prog | grep -A3 '<e843419@.*>:' >veneers.txt
at=$(sed -n 's/^0*\([0-9a-f]*\) <e843419.*/\1/p' veneers.txt | head -1)
func=$(sed -n 's/.*<\(f[0-9]*\)+.*/\1/p' veneers.txt | head -1)
must 'the linker moved something' test -n "$at" -a -n "$func"
aarch64-linux-gnu-strip -o prog made/prog
edit fix.patch "/^long $func(/{n;s/b \\*/b * 7 */}" many.c
ok "$func, a part of which is at 0x$at" builds 0 --source src --make make --object prog -o fix.sut fix.patch
ok 'all functions are found' says 'proved: 400 of 400 functions'
"$SUTURE" inspect --json fix.sut >said.txt
ok 'the patch knows that part' sh -c 'tr -d " \n" <said.txt | grep -q "\"parts\":\[{\"address\":\"0x$1\",\"size_bytes\":8}\]"' - "$at"
finish

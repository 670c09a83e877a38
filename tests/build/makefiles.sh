#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# How builds call their compilers: every way that a Makefile or a script has found.
. "$(dirname "$0")/../lib/tree.sh"

project plain
made make
fix
ok 'a plain Makefile' builds 0 --source src --make 'make -j2' --object made/prog -o fix.sut fix.patch
ok 'one function' changes answer
start made/prog
lives 'a plain Makefile' 42 52
ok 'a second build' builds 0 --json --source src --make 'make -j2' --object made/prog -o fix.sut fix.patch
ok 'reuses the first' grep -q '"capture": *true' said.txt

project recursive
mkdir src/sub
mv src/ans.c src/lib.c src/sub
cat >src/Makefile <<'END'
CC = gcc
export CC
prog: main.o subs
	$(CC) -o $@ main.o sub/libsub.a
main.o: main.c
	$(CC) -O2 -c main.c
subs:
	$(MAKE) -C sub libsub.a
.PHONY: subs
END
cat >src/sub/Makefile <<'END'
libsub.a: ans.o lib.o
	ar rc $@ ans.o lib.o
%.o: %.c
	$(CC) -O2 -I.. -c $<
END
made make -j2
fix sub/ans.c
ok 'recursive make with an archive' builds 0 --source src --make 'make -j2' --object made/prog \
	-o fix.sut fix.patch
ok 'one function' changes answer

project absolute
sed -i 's,^CC = gcc,CC = /usr/bin/gcc,' src/Makefile
made make
fix
ok 'an absolute compiler in the Makefile is refused' builds 4 --source src --make make \
	--object made/prog -o fix.sut fix.patch
ok 'by name, with the way out' says SUT-B002 'CC='
ok 'nothing is written' test ! -e fix.sut
ok 'with CC= it works' builds 0 --source src --make 'make CC=/usr/bin/gcc' --object made/prog \
	-o fix.sut fix.patch
ok 'one function' changes answer

project half-absolute
# Only the unit that the patch touches is compiled by a compiler that nobody sees.
printf 'ans.o: ans.c h.h\n\t/usr/bin/gcc -O2 -c -o $@ $<\n' >>src/Makefile
made make
fix
ok 'one unseen unit' builds 4 --source src --make make --object made/prog -o fix.sut fix.patch
ok 'is named' says SUT-B002 ans.c
edit header.patch 's/n \* 3/n * 4/' h.h
ok "a header's user is unseen" builds 4 --source src --make make --object made/prog -o fix.sut \
	header.patch
ok 'and named' says SUT-B002 ans

project one-command
rm src/Makefile
made gcc -O2 main.c ans.c lib.c -o prog
fix
ok 'all sources in one command' builds 0 --source src --make 'gcc -O2 main.c ans.c lib.c -o prog' \
	--object made/prog -o fix.sut fix.patch
ok 'one function' changes answer
edit header.patch 's/n \* 3/n * 4/' h.h
ok 'and a header' builds 0 --source src --make 'gcc -O2 main.c ans.c lib.c -o prog' \
	--object made/prog -o fix.sut header.patch
ok 'two functions' changes answer helper

project response
cat >src/Makefile <<'END'
prog: main.c ans.c lib.c
	printf '%s\n' -O2 '-DNAME="a b"' "-DX='c'" >flags.rsp
	for f in main ans lib; do echo "-c $$f.c -o $$f.o" >f.rsp; gcc @flags.rsp @f.rsp || exit 1; done
	rm -f f.rsp flags.rsp
	gcc -o $@ main.o ans.o lib.o
END
made make
fix
ok 'response files that are removed again' builds 0 --source src --make make --object made/prog \
	-o fix.sut fix.patch
ok 'one function' changes answer

project script
rm src/Makefile
cat >src/build.sh <<'END'
#!/bin/sh
set -e
: ${CC:=cc}
mkdir -p out
for f in *.c; do $CC -O2 -c $f -o out/${f%.c}.o; done
cd out
$CC -o ../prog *.o
END
chmod +x src/build.sh
made ./build.sh
fix
ok 'a build script' builds 0 --source src --make ./build.sh --object made/prog -o fix.sut fix.patch
ok 'one function' changes answer
ok 'with a compiler in the environment' builds 0 --source src --make 'CC=/usr/bin/cc ./build.sh' \
	--object made/prog -o fix.sut fix.patch

project outside
cat >src/rules.mk <<'END'
VPATH = ../src
prog: main.o ans.o lib.o
	gcc -o $@ $^
%.o: %.c
	gcc -O2 -c -o $@ $<
END
made sh -c 'mkdir ../made/o && cd o && sed s,../src,.., ../rules.mk >m && make -f m prog'
fix
ok 'a build folder in the tree' builds 0 --source src --object made/o/prog -o fix.sut fix.patch \
	--make 'mkdir -p o && cd o && sed s,../src,.., ../rules.mk >m && make -f m prog'
ok 'one function' changes answer
mkdir o && (cd o && make -f ../src/rules.mk) >o.log 2>&1
ok 'a build folder outside of it' builds 0 --source src --object o/prog -o fix.sut fix.patch \
	--make 'mkdir -p ../o && cd ../o && make -f ../src/rules.mk'
ok 'one function' changes answer
ok 'once more, where all is made already' builds 0 --source src --object o/prog -o fix2.sut \
	--make 'mkdir -p ../o && cd ../o && make -f ../src/rules.mk ' fix.patch
ok 'one function' changes answer

project libtool
# What libtool does: each source twice, and the PIC one goes into the library.
cat >src/Makefile <<'END'
prog: libans.so libans.a main.o
	gcc -o $@ main.o -L. -lans -Wl,-rpath,'$$ORIGIN'
libans.so: ans.lo lib.lo
	gcc -shared -o $@ .libs/ans.o .libs/lib.o main.pic.o
libans.a: ans.lo lib.lo
	ar rc $@ ans.o lib.o
%.lo: %.c
	mkdir -p .libs
	gcc -O2 -c -fPIC -DPIC $< -o .libs/$*.o
	gcc -O2 -c $< -o $*.o >/dev/null 2>&1
	touch $@
ans.lo lib.lo: main.pic.o
main.pic.o:
	echo 'int calls;' >calls.c
	gcc -O2 -fPIC -c calls.c -o $@
main.o: main.c
	gcc -O2 -c main.c
END
sed -i 's/^int calls;//' src/main.c
made make
fix
ok 'static and PIC objects of one source' builds 0 --source src --make make \
	--object made/libans.so -o fix.sut fix.patch
ok 'one function' changes answer
start made/prog
lives 'the library' 42 52

project unity
cat >src/all.c <<'END'
#include "main.c"
#include "ans.c"
#include "lib.c"
END
printf 'prog: all.c\n\tgcc -O2 -o $@ all.c\n' >src/Makefile
sed -i 's/^int helper/__attribute__((noinline)) int helper/' src/lib.c
sed -i 's/^int answer/__attribute__((noinline)) int answer/' src/ans.c
sed -i '1i #pragma once' src/h.h
made make
fix
ok 'a unity build' builds 0 --source src --make make --object made/prog -o fix.sut fix.patch
ok 'one function' changes answer
start made/prog
lives 'a unity build' 42 52

project generated
cat >src/gen.c <<'END'
#include <stdio.h>
int main(void)
{
	printf("#define FORTY 40\n");
	return 0;
}
END
sed -i 's/40/FORTY/; 1i #include "forty.h"' src/ans.c
cat >src/Makefile <<'END'
prog: main.o ans.o lib.o
	gcc -o $@ main.o ans.o lib.o
%.o: %.c
	gcc -O2 -c -o $@ $<
ans.o: forty.h
forty.h: gen
	./gen >$@
gen: gen.c
	gcc -o $@ gen.c
END
made make
edit fix.patch 's/+ FORTY/+ FORTY + 10/' ans.c
ok 'a header that the build makes' builds 0 --source src --make make --object made/prog \
	-o fix.sut fix.patch
ok 'one function' changes answer
edit gen.patch 's/FORTY 40/FORTY 50/' gen.c
ok "the generator's own source is not taken for unimportant" builds 3 --source src --make make \
	--object made/prog -o gen.sut gen.patch
ok 'by name' says SUT-B058 gen.c

project twice
cat >src/Makefile <<'END'
all: one two
%.o: %.c
	gcc -O2 -c -o $@ $<
libans.a: ans.o lib.o
	ar rc $@ $^
one two: main.o libans.a
	echo 'char name[] = "$@";' >$@.c
	gcc -o $@ $@.c main.o -L. -lans
END
made make
fix
ok 'an archive in two programs' builds 0 --source src --make make --object made/one \
	--object made/two -o fix.sut fix.patch
ok 'the patch is for both' says 'for one' 'for two'
start made/one
lives 'the first' 42 52
start made/two
lives 'the second' 42 52
finish

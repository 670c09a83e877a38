#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What patches are like: new files, renames, line ends, offsets, and those that cannot be used.
. "$(dirname "$0")/../lib/tree.sh"

build()	# build EXIT-CODE PATCH...
{
	build_want=$1
	shift
	builds "$build_want" --source src --make "${make:-make}" --object made/prog -o fix.sut "$@"
}

project 'spaces and ünïcode'
mkdir 'src/a dir'
mv src/ans.c 'src/a dir/äns wer.c'
cat >src/Makefile <<'END'
prog: main.c lib.c
	gcc -O2 -c main.c lib.c
	gcc -O2 -I. -c 'a dir/äns wer.c' -o 'a dir/ans.o'
	gcc -o $@ main.o lib.o 'a dir/ans.o'
END
made make
fix 'a dir/äns wer.c'
ok 'spaces and letters in paths' build 0 fix.patch
ok 'one function' changes answer
edit header.patch 's/n \* 3/n * 4/' h.h
ok 'and a header' build 0 header.patch
ok 'two functions' changes answer helper

project new-header
made make
rm -rf a b && cp -a src a && cp -a src b
echo 'static inline __attribute__((noinline)) int fresh(int n) { return n * 7 + calls; }' >b/new.h
sed -i 's/#include "h.h"/&\n#include "new.h"/; s/+ 40/+ fresh(n)/' b/ans.c
difference fix.patch
ok 'a new function in a new header' build 0 fix.patch
ok 'two functions' changes answer fresh

project wildcard
sed -i 's/main.o ans.o lib.o/$(patsubst %.c,%.o,$(wildcard *.c))/' src/Makefile
made make
rm -rf a b && cp -a src a && cp -a src b
printf '#include "h.h"\nint fresh(int n)\n{\n\treturn n + calls;\n}\n' >b/fresh.c
sed -i 's/+ 40/+ fresh(n)/; s/#include "h.h"/&\nint fresh(int n);/' b/ans.c
difference fix.patch
ok 'a new source file is refused' build 3 fix.patch
ok 'by name' says SUT-B060 fresh
ok 'nothing is written' test ! -e fix.sut

project flags
made make
rm -rf a b && cp -a src a && cp -a src b
sed -i 's/-O2/-O2 -DMORE=50/' b/Makefile
sed -i 's/+ 40/+ 50/' b/ans.c
difference fix.patch
ok 'a changed Makefile' build 0 fix.patch
ok 'is told to have no effect' says 'not compiled into anything: Makefile'

project crlf
sed -i 's/$/\r/' src/ans.c src/h.h
made make
fix
ok 'sources with CRLF' build 0 fix.patch
ok 'one function' changes answer

project renamed
made make
if have git 'patches made by git'; then
	(cd src && git init -q . && git add . && git -c user.name=n -c user.email=e commit -qm 1 &&
		git mv h.h head.h && sed -i 's/"h.h"/"head.h"/' ./*.c && sed -i 's/h\.h/head.h/' Makefile &&
		sed -i 's/+ 40/+ 50/' ans.c && git add -A && git diff --cached -M >../fix.patch &&
		git reset -q --hard) >git.log 2>&1
	ok 'a git checkout, a header renamed by git' build 0 fix.patch
	ok 'one function' changes answer
	rm fix.sut
	(cd src && git mv ans.c answer.c && sed -i 's/+ 40/+ 50/' answer.c && git add -A &&
		git diff --cached -M >../fix.patch && git reset -q --hard) >git.log 2>&1
	ok 'a renamed source is refused' build 3 fix.patch
	ok 'by name' says SUT-B011 ans.c
fi

project several
made make
fix
mv fix.patch 1.patch
cp -a src keep
sed -i 's/+ 40/+ 50/' src/ans.c
edit 2.patch 's/n > 10/n > 20/' ans.c
rm -rf src && mv keep src
ok 'two patches of one file' build 0 1.patch 2.patch
ok 'one function' changes answer
sed 's/^@@ -\([0-9]*\)/@@ -9\1/' 1.patch >offset.patch
ok 'an offset' build 0 offset.patch
sed 's/^ 	calls++;/ 	calls += 1;/' 1.patch >fuzz.patch
ok 'fuzz' build 0 fuzz.patch
ok 'is told' says fuzz

project bad
made make
fix
(cd src && find . -type f -exec cksum {} + | sort) >before
sed 's/n > 10/n > 11/; s/+ 40/+ 41/; s/calls++/calls--/' fix.patch >other.patch
ok 'a patch for another version' build 4 other.patch
ok 'is named' says SUT-B007 ans.c
edit broken.patch 's/+ 40/+ nowhere/' ans.c
ok 'a patch that does not compile' build 4 broken.patch
ok 'is named with its line' says SUT-B008 'ans.c:7'
: >empty.patch
ok 'an empty patch' build 4 empty.patch
ok 'is named' says SUT-B005
ok 'a folder as patch' build 4 src
ok 'is named' says SUT-E001
ok 'no patch file' build 4 none.patch
ok 'is named' says SUT-E001
(cd src && find . -type f -exec cksum {} + | sort) >after
ok 'the tree is as it was' cmp before after
ok 'no file is left' test ! -e fix.sut

project readonly
made make
fix
chmod -R a-w src
ok 'a tree that cannot be written' build 0 fix.patch
ok 'and once more' build 0 fix.patch
ok 'and built anew' builds 0 --source src --make 'make -j1' --object made/prog -o fix.sut fix.patch

project built
make -C src >make.log 2>&1
made make
fix
ok 'a tree that is built already' build 0 fix.patch
ok 'one function' changes answer
sed -i 's/: %.c h.h/: %.c/' src/Makefile
edit header.patch 's/n \* 3/n * 4/' h.h
ok 'a header that the Makefile does not know' build 0 header.patch
ok 'two functions' changes answer helper

project links
# A tree of absolute links to another one, as lndir makes it.
mv src real
mkdir src
for f in real/*; do ln -s "$PWD/$f" src/; done
made make
rm -rf a b && cp -rL src a && cp -rL src b
sed -i 's/+ 40/+ 50/' b/ans.c
difference fix.patch
cksum real/ans.c >before
"$SUTURE" build --source src --make make --object made/prog -o fix.sut fix.patch >said.txt 2>&1
rc=$?
cksum real/ans.c >after
ok 'files behind links stay as they are' cmp before after
if [ $rc = 0 ]; then
	ok 'a tree of links' changes answer
else
	ok 'a tree of links is refused by name' says SUT-B0
fi
finish

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Headers that the search for affected units has to find although the build hides them.
. "$(dirname "$0")/../lib/tree.sh"

build()	# build EXIT-CODE [PATCH]
{
	builds "$1" --source src --make "${make:-make}" --object made/prog -o fix.sut "${2:-fix.patch}"
}

# -MMD leaves out what is found through -isystem.
project system-headers
mkdir src/inc
mv src/h.h src/inc
sed -i 's/"h.h"/<h.h>/' src/*.c
sed -i 's/%.c h.h/%.c/; s/^CFLAGS.*/CFLAGS = -O2 -isystem inc -MMD/' src/Makefile
made make
edit fix.patch 's/n \* 3/n * 4/' inc/h.h
ok 'a header behind -isystem, with -MMD' build 0
ok 'two functions' changes answer helper

# The same for what a header includes that calls itself the system's (gnulib's do).
project pragma
sed -i 's/%.c h.h/%.c/; s/^CFLAGS.*/CFLAGS = -O2 -Wp,-MMD,$*.dep/' src/Makefile
mv src/h.h src/inner.h
printf '#pragma GCC system_header\n#include "inner.h"\n' >src/h.h
made make
edit fix.patch 's/n \* 3/n * 4/' inner.h
ok 'a header behind a system_header pragma' build 0
ok 'two functions' changes answer helper

# A new header stands in front of another one of its name: no unit that includes it is touched.
project shadow
mkdir src/first src/second
mv src/h.h src/second
sed -i 's/"h.h"/<h.h>/' src/*.c
sed -i 's/%.c h.h/%.c/; s/^CFLAGS.*/CFLAGS = -O2 -Ifirst -Isecond/' src/Makefile
touch src/first/keep
made make
rm -rf a b && cp -a src a && cp -a src b
sed 's/n \* 3/n * 4/' src/second/h.h >b/first/h.h
difference fix.patch
ok 'a new header in front of another one' build 0
ok 'two functions' changes answer helper

project has-include
sed -i 's/"h.h"/&\n#if __has_include("extra.h")\n#include "extra.h"\n#else\n#define EXTRA 1\n#endif/; s/n + 1;/n + EXTRA;/' \
	src/lib.c
made make
rm -rf a b && cp -a src a && cp -a src b
echo '#define EXTRA 9' >b/extra.h
difference fix.patch
ok 'a new header that __has_include asks for' build 0
ok 'one function' changes helper

project not-named
made make
rm -rf a b && cp -a src a && cp -a src b
echo '#define EXTRA 9' >b/extra.h
difference fix.patch
ok 'a new header that nobody asks for' build 0
ok 'is not needed' says 'no code'

# A header that the build writes leads to the tree's own file by its full path.
project full-path
sed -i 's/"h.h"/"all.h"/' src/*.c
cat >src/Makefile <<'END'
CFLAGS = -O2
prog: main.o ans.o lib.o
	gcc $(CFLAGS) -o $@ main.o ans.o lib.o
%.o: %.c all.h
	gcc $(CFLAGS) -c -o $@ $<
all.h:
	echo '#include "$(CURDIR)/h.h"' >$@
END
made make
edit fix.patch 's/n \* 3/n * 4/' h.h
ok 'the unpatched header is read: refused' build 3
ok 'by name' says SUT-B042 h.h
ok 'nothing is written' test ! -e fix.sut
# The same build, a patch that does not touch that header.
fix
ok 'another patch of it' build 0
ok 'one function' changes answer

project makefile
made make
rm -rf a b && cp -a src a && cp -a src b
sed -i 's/-O2/-O2 -DMORE=50/' b/Makefile
sed -i 's/+ 40/+ 50/' b/ans.c
difference fix.patch
ok 'a patch of the Makefile' build 0
ok 'is warned of' says "'Makefile' tells how the program is built" 'flags'
finish

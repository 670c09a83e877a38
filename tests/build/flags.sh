#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# How objects are compiled: flags, compilers, stripped, without a build-id; other build systems.
. "$(dirname "$0")/../lib/tree.sh"

# with NAME MAKE-ARGUMENTS: the plain project compiled so; the fix changes one function.
with()
{
	project "$1"
	made make "CC=${2}" "CFLAGS=${3}" "LDFLAGS=${4:-}"
	fix
	ok "$1" builds "${5:-0}" --source src --make "make CC='$2' CFLAGS='$3' LDFLAGS='${4:-}'" \
		--object made/prog -o fix.sut fix.patch
}

for f in -O0 -O3 -Os '-O2 -g3' '-O2 -fvisibility=hidden' '-O2 -fno-asynchronous-unwind-tables'; do
	with "gcc $f" gcc "$f"
	ok 'one function' changes answer
done
start made/prog
ok 'without unwind tables: before' asked 1 42
"$SUTURE" apply fix.sut "$pid" >said.txt 2>&1
rc=$?
if [ $rc = 0 ]; then
	ok 'without unwind tables: applied' asked 1 52
else
	ok 'without unwind tables: refused by name' says SUT-P0
	ok 'without unwind tables: as before' asked 1 42
fi

with 'gcc -flto' gcc '-O2 -flto' '' 3
ok 'is refused by name' says SUT-B009 ans.c

project sections
sed -i '$a int unused(int n)\n{\n\treturn answer(n) * 9 + 4;\n}' src/ans.c
made make 'CFLAGS=-O2 -ffunction-sections' LDFLAGS=-Wl,--gc-sections
edit fix.patch 's/+ 40/+ 50/' ans.c
ok 'a function that the linker dropped and the fix reaches' builds 0 --source src --object made/prog -o fix.sut \
	--make "make CFLAGS='-O2 -ffunction-sections' LDFLAGS=-Wl,--gc-sections" fix.patch
ok 'is left out by name' says 'not part of the given objects: unused of ans.c'
edit fix.patch 's/+ 40/+ 50/' ans.c
sed -i 's/answer(n) \* 9/helper(n) * 9/' src/ans.c fix.patch
rm -rf made
made make 'CFLAGS=-O2 -ffunction-sections' LDFLAGS=-Wl,--gc-sections
ok 'a dropped function that the fix does not reach' builds 0 --source src --object made/prog -o fix.sut \
	--make "make CFLAGS='-O2 -ffunction-sections' LDFLAGS=-Wl,--gc-sections" fix.patch
start made/prog
lives 'dropped functions' 42 52

project options
made make CFLAGS=-O1
fix
ok 'an object of another option' builds 3 --source src --make make --object made/prog -o fix.sut \
	fix.patch
ok 'is refused by name' says SUT-B05

project stripped
made make
strip -o prog made/prog
fix
ok 'a stripped object' builds 0 --source src --make make --object prog -o fix.sut fix.patch
start ./prog
lives 'a stripped object' 42 52
gcc -Wl,--build-id=none -o bare made/*.o
ok 'an object without a build-id' builds 3 --source src --make make --object bare -o fix2.sut fix.patch
ok 'is refused by name' says SUT-B059

if have clang clang; then
	with clang clang -O2
	ok 'one function' changes answer
	start made/prog
	lives clang 42 52
fi
if have ccache ccache; then
	CCACHE_DIR=$top/ccache
	export CCACHE_DIR
	with ccache 'ccache gcc' -O2
	ok 'one function' changes answer
fi
if have musl-gcc musl; then
	with musl musl-gcc -O2 '-static -Wl,--build-id'
	ok 'one function' changes answer
fi

if have aarch64-linux-gnu-gcc 'gcc -fpic for arm64'; then
	with 'gcc -fpic for arm64' aarch64-linux-gnu-gcc '-O2 -fpic' '' 3
	ok 'is refused by name' says SUT-B030 "'answer'" R_AARCH64_LD64_GOTPAGE_LO15
	with 'gcc -fPIC for arm64' aarch64-linux-gnu-gcc '-O2 -fPIC' ''
	ok 'one function' changes answer
fi

project cmake
cat >src/CMakeLists.txt <<'END'
cmake_minimum_required(VERSION 3.5)
project(prog C)
add_library(ans STATIC ans.c lib.c)
add_executable(prog main.c)
target_link_libraries(prog ans)
END
rm src/Makefile
if have cmake cmake; then
	cmake='mkdir -p out && cd out && cmake -DCMAKE_BUILD_TYPE=RelWithDebInfo ..'
	made sh -c "$cmake && make"
	fix
	ok cmake builds 0 --source src --make "$cmake && make -j2" --object made/out/prog -o fix.sut \
		fix.patch
	ok 'one function' changes answer
	cmake='mkdir -p ../out && cd ../out && cmake -DCMAKE_BUILD_TYPE=RelWithDebInfo ../src'
	ok 'cmake beside the tree' builds 0 --source src --make "$cmake && make -j2" \
		--object made/out/prog -o fix.sut fix.patch
	ok 'one function' changes answer
	# A database of the user's own build folder.
	(mkdir db && cd db && cmake -DCMAKE_BUILD_TYPE=RelWithDebInfo \
		-DCMAKE_EXPORT_COMPILE_COMMANDS=ON ../src && make) >db.log 2>&1
	ok 'a compile_commands.json' builds 0 --source src --compdb db/compile_commands.json \
		--object db/prog -o fix.sut fix.patch
	ok 'one function' changes answer
	edit header.patch 's/n \* 3/n * 4/' h.h
	ok 'and a header' builds 0 --source src --compdb db/compile_commands.json \
		--object db/prog -o fix.sut header.patch
	ok 'two functions' changes answer helper
fi

project meson
rm src/Makefile
printf "project('p', 'c')\nexecutable('prog', 'main.c', 'ans.c', 'lib.c')\n" >src/meson.build
if have meson meson; then
	made sh -c 'meson setup out --buildtype=debugoptimized && ninja -C out'
	fix
	ok meson builds 0 --source src --object made/out/prog -o fix.sut fix.patch \
		--make 'meson setup out --buildtype=debugoptimized && ninja -C out'
	ok 'one function' changes answer
fi
# A function that nothing uses is in the object file, but not in the program.
project gc-sections
cat >>src/lib.c <<'END'
int nobody(int n)
{
	return scale(n) * 9 + helper(n + 1);
}
END
sed -i 's/^CFLAGS.*/CFLAGS = -O2 -ffunction-sections\nLDFLAGS = -Wl,--gc-sections/' src/Makefile
made make
edit header.patch 's/n \* 3/n * 4/' h.h
ok 'a header whose user the linker dropped' builds 0 --source src --make make --object made/prog -o fix.sut header.patch
ok 'it is told' says 'not part of the given objects: nobody of'
ok 'the others are in the patch' says 'for prog' '2 functions'
strip -o bare made/prog
ok 'the same, a stripped program' builds 0 --source src --make make --object bare -o fix.sut header.patch
start ./bare
lives 'dropped function' 42 42 fix
edit alone.patch 's/\* 9/* 8/' lib.c
ok 'only what the linker dropped changes' builds 0 --source src --make make --object made/prog -o no.sut alone.patch
ok 'is not needed' says 'no code of these objects changes'
ok 'nothing is written' test ! -e no.sut
# The build drops it, but this program was linked otherwise and has it: then it is patched.
gcc -O2 -ffunction-sections -o kept src/*.c
ok 'the program has it all the same' builds 0 --source src --make make --object kept -o kept.sut header.patch
ok 'and it is patched' says '3 functions'
# It has it, in another form: nothing can be said.
gcc -O1 -ffunction-sections -DKEPT -o other -x c - <<END
$(sed '/#include/d' src/h.h; cat src/main.c src/ans.c src/lib.c | sed '/"h.h"/d')
END
ok 'a program of other code' builds 3 --source src --make make --object other -o other.sut header.patch
ok 'is refused, though it has another name than what the build links' says SUT-B058
# A library of the same build names none of the program's functions: that says nothing of the program.
project two-files
cat >src/shared.h <<'END'
static __attribute__((noinline)) int shared(const int *p, int n)
{
	int sum = 7;

	while (n-- > 0)
		sum = sum * 31 + p[n];
	return sum;
}
END
cat >>src/ans.c <<'END'
#include "shared.h"
int first(int *p, int n)
{
	p[0] += n;
	return shared(p, n) ^ 5;
}
int second(int *p, int n)
{
	return n > 3 ? shared(p, n) / n : helper(n) * 77;
}
END
printf '#include "shared.h"\nint more(int *p, int n) { return shared(p, n) - p[1]; }\n' >src/libmore.c
sed -i '/^prog:/s/$/ libmore.so/; $alibmore.so: libmore.c shared.h\n\t$(CC) $(CFLAGS) -fPIC -shared -o $@ libmore.c' src/Makefile
cp -r src ours
sed -i 's/n > 10/n > 12/' src/ans.c
made make
rm -rf src
mv ours src
fix
ok 'a function that the program has in another form' builds 3 --source src --make make --object made/prog \
	--object made/libmore.so -o fix.sut fix.patch
ok 'is not taken for one that the linker dropped' says SUT-B050 "'answer'"
finish

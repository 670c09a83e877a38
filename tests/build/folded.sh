#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Linkers that make one of functions of equal code (--icf), and the compiler itself (-fipa-icf).
. "$(dirname "$0")/../lib/tree.sh"

# twins NAME: one() of ans.c and other() of lib.c have equal code, and so do their static functions.
twins()
{
	project "$1"
	cat >>src/h.h <<'END2'
extern int base;
int one(int n);
int other(int n);
int uno(int n);
int ask_a(int n);
int ask_b(int n);
END2
	for f in ans:one:a lib:other:b; do
		u=${f##*:} g=${f#*:}
		cat >>src/${f%%:*}.c <<END2
__attribute__((noinline)) int ${g%:*}(int n)
{
	return n * 79 ^ (base | 1);
}
static __attribute__((noinline, noclone)) int local(int n)
{
	return n * 31 ^ (base | 2);
}
int ask_$u(int n)
{
	return local(n) + $(printf %d "'$u");
}
END2
	done
	echo 'int base;' >>src/main.c
	cat >>src/ans.c <<'END2'
__attribute__((noinline)) int uno(int n)
{
	return n * 79 ^ (base | 1);
}
END2
	sed -i 's/+ 40;/+ 40 + one(n) + 1000 * other(n) + 10 * (ask_a(n) + ask_b(n));/' src/ans.c
}

linked()	# linked CFLAGS LDFLAGS: compiled so, and how it is built again
{
	how="make CFLAGS='-O2 $1' LDFLAGS='$2'"
	made make "CFLAGS=-O2 $1" "LDFLAGS=$2"
	strip -o bare made/prog
}

build()		# build EXIT-CODE OBJECT PATCH
{
	builds "$1" --source src --make "$how" --object "$2" -o "${3%.patch}.sut" "$3"
}

refused()	# refused TEXT OBJECT PATCH WORDS...
{
	text=$1 object=$2 patch=$3
	shift 3
	ok "$text" build 3 "$object" "$patch"
	ok 'is refused by name' says SUT-B062 "$@"
}

for ld in gold lld; do
	have ld.$ld "$ld" || continue
	twins "$ld"
	linked '-ffunction-sections -fno-ipa-icf' "-fuse-ld=$ld -Wl,--icf=all"
	edit one.patch '/^__attribute.* int one/,/^}/s/79/80/' ans.c
	edit both.patch '/^__attribute.* int \(one\|uno\|other\)/,/^}/s/79/80/' ans.c lib.c
	edit apart.patch '/^__attribute.* int \(one\|uno\)/,/^}/s/79/80/; /^__attribute.* int other/,/^}/s/79/81/' ans.c lib.c
	edit static.patch 's/31/33/' ans.c
	edit statics.patch 's/31/33/' ans.c lib.c
	edit statics-apart.patch 's/31/33/; /\* 5/,$s/33/35/' ans.c lib.c
	fix
	refused "$ld: one of two functions" made/prog one.patch "'one'" "'other'" 'as well, which stay'
	refused "$ld: the same of a stripped program" ./bare one.patch "'one'" "'other'" 'as well, which stay'
	refused "$ld: each in its own way" made/prog apart.patch "is that of 'one' (ans.c) as well"
	refused "$ld: static functions of one name, each in its own way" made/prog statics-apart.patch \
		"is that of 'local' (ans.c) as well"
	refused "$ld: two functions of one file" made/prog one.patch "'one'" "'uno'"
	if [ $ld = gold ]; then
		# It gives no name to a static function that it folded away.
		for p in static both statics fix; do
			refused "$ld: $p" made/prog $p.patch --icf=all 'lacks static functions'
		done
		continue
	fi
	refused "$ld: a static function" made/prog static.patch "'local'" "is that of 'local' of another file as well"
	ok "$ld: both in the same way" build 0 made/prog both.patch
	start made/prog
	lives "$ld: both" 80650 83653 both
	ok "$ld: both static functions in the same way" build 0 ./bare statics.patch
	start ./bare
	lives "$ld: both static functions" 80650 80770 statics
	ok "$ld: a function that is nobody else's" build 0 ./bare fix.patch
	ok 'one function' changes answer
done

for ld in gold lld; do
	have ld.$ld "$ld" || continue
	twins "$ld-blind"
	linked -ffunction-sections "-fuse-ld=$ld -Wl,--icf=safe -s"
	fix
	refused "$ld: no symbol table anywhere" made/prog fix.patch "'answer'" --icf=safe 'no symbol table'
	cat >compile_commands.json <<END2
[$(for f in main ans lib; do echo "$sep{\"directory\": \"$PWD/made\", \"file\": \"$f.c\", \"output\": \"$f.o\", \"command\": \"gcc -O2 -ffunction-sections -c $f.c\"}"; sep=,; done)]
END2
	sep=
	ok "$ld: nothing is known of the link" builds 3 --source made --compdb compile_commands.json --object made/prog \
		-o fix.sut fix.patch
	ok 'is refused by name' says SUT-B062 "'answer'" 'no symbol table'
	twins "$ld-none"
	linked -ffunction-sections "-fuse-ld=$ld -Wl,--icf=all -Wl,--icf=none -s"
	edit one.patch '/^__attribute.* int one/,/^}/s/79/80/' ans.c
	ok "$ld: nothing is folded" build 0 made/prog one.patch
done

# What the compiler itself made one of was never called: the caller that should is replaced.
project compiler
echo 'extern int base;' >>src/h.h
echo 'int base;' >>src/main.c
cat >>src/ans.c <<'END2'
static __attribute__((noinline)) int left(int n)
{
	return n * 79 ^ (base | 1);
}
static __attribute__((noinline)) int right(int n)
{
	return n * 79 ^ (base | 1);
}
int ask_left(int n)
{
	return left(n);
}
int ask_right(int n)
{
	return right(n);
}
END2
sed -i 's/+ 40;/+ 40 + ask_left(n) + 1000 * ask_right(n);/; 1a int ask_left(int n);\nint ask_right(int n);' src/ans.c
linked '' ''
edit left.patch '/int left/,/^}/s/79/80/' ans.c
edit right.patch '/int right/,/^}/s/79/80/' ans.c
for f in left right; do
	ok "$f, which the compiler made one of" build 0 ./bare $f.patch
	start ./bare
	[ $f = left ] && new=78123 || new=81120
	lives "$f alone" 78120 $new $f
done
finish

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs one live test: run.sh [prepare|run] tests/live/NAME[/test][@VARIANT]
#
# Two stages. `prepare` needs a compiler (of another architecture, where TARGET_CC is one): it compiles the target and builds the patches. `run` needs
# nothing but a POSIX shell, the suture program and memtext: it may happen in another machine, with
# the same work folder. Without a stage both run, under a time limit.
#
#   SUTURE      the program under test          (build/suture)
#   LIVE_WORK   where work folders are made     (build/live)
#   TARGET_CC   the compiler of the targets     (gcc)
#   VARIANT     how targets are compiled, see variant() below
#   LIVE_LIMIT  seconds for one test            (120)
#   KEEP=1      keep the work folder of a test that passed
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
SUTURE=${SUTURE:-$root/build/suture}
LIVE_WORK=${LIVE_WORK:-$root/build/live}
LIVE_LIB=$root/tests/lib
MEMTEXT=${MEMTEXT:-$root/build/memtext}
export SUTURE LIVE_WORK LIVE_LIB MEMTEXT

stage=both
case ${1:-} in
prepare | run | guarded) stage=$1; shift ;;
esac
arg=${1:?usage: run.sh [prepare|run] tests/live/NAME}
# One prove runs all tests: a unit test is a program of its own.
case $arg in */tests/unit/*) exec "$arg" ;; esac
case $arg in *@*) VARIANT=${arg##*@}; arg=${arg%@*} ;; esac
VARIANT=${VARIANT:-default}
name=$(basename "${arg%/test}")
case_dir=$root/tests/live/$name
work=$LIVE_WORK/$name@$VARIANT

# The linker marks all of it as guarded, start files of our own included.
guarded()
{
	CFLAGS="$CFLAGS -nostartfiles -Wl,-z,force-bti,--no-warnings"
	cp "$LIVE_LIB/guarded.S" "$work/src/"
}

# Sets CC, CFLAGS and LDFLAGS for the target's make.
variant()
{
	CC=${TARGET_CC:-gcc} CFLAGS=-O2 LDFLAGS=
	case $VARIANT in
	default) ;;
	O0 | O3) CFLAGS=-$VARIANT ;;
	# These align nothing, and a function of 4 bytes with no padding behind it cannot be redirected.
	O1 | Os) CFLAGS="-$VARIANT -falign-functions=8" ;;
	nopie) CFLAGS="-O2 -fno-pie" LDFLAGS=-no-pie ;;
	static) CFLAGS="-O2 -fno-pie" LDFLAGS="-static -no-pie" ;;
	static-pie) CFLAGS="-O2 -fPIE" LDFLAGS=-static-pie ;;
	cet) CFLAGS="-O2 -fcf-protection=full" ;;
	noplt) CFLAGS="-O2 -fno-plt" ;;
	now) LDFLAGS="-Wl,-z,now" ;;
	pads)
		CFLAGS="-O2 -fpatchable-function-entry=5"
		# The distance between the two entries of a function is a power of 2 there.
		case $CC in powerpc64le-*) CFLAGS="-O2 -fpatchable-function-entry=2" ;; esac
		;;
	mfentry) CFLAGS="-O2 -pg -mfentry" ;;
	clang) CC=clang-14 ;;
	bti) CFLAGS="-O2 -mbranch-protection=standard" ;;
	# Every return address is signed, and the pages are guarded where the processor does that.
	guarded)
		CFLAGS="-O2 -mbranch-protection=pac-ret+leaf+bti"
		guarded
		;;
	a32) CFLAGS="-O2 -marm" ;;
	# The profile call comes after the prologue, but on x86-64 with -mfentry.
	pg) CFLAGS="-O2 -pg" ;;
	# Code that reaches its data from the pc, without a TOC pointer: needs such a machine.
	power10) CFLAGS="-O2 -mcpu=power10" ;;
	sections) CFLAGS="-O2 -ffunction-sections -fdata-sections" ;;
	*) echo "not ok 1 - $VARIANT is a variant"; echo 1..1; exit 1 ;;
	esac
	# A redirect takes 8 bytes there, and nothing is aligned; and newer compilers than this one write tables.
	case $CC in
	riscv64-*) CFLAGS="$CFLAGS -falign-functions=8 -falign-loops=8 -fasynchronous-unwind-tables" ;;
	esac
}

prepare()
{
	rm -rf "$work"
	mkdir -p "$work/src" "$work/cache" || exit 1
	for f in "$case_dir"/* "$LIVE_LIB/talk.h"; do
		case $(basename "$f") in
		test | case | prepare | *.patch) ;;
		*) cp "$f" "$work/src/" ;;
		esac
	done
	[ -e "$work/src/Makefile" ] || cp "$LIVE_LIB/live.mk" "$work/src/Makefile"
	cp "$case_dir"/*.patch "$work/" 2>/dev/null
	variant
	TARGET_ARCH=$($CC -dumpmachine)
	TARGET_ARCH=${TARGET_ARCH%%-*}
	case $CC in
	*-gcc) strip=${CC%gcc}strip ;;
	*) strip=strip ;;
	esac
	# What is not ours to compile brings a preparation of its own.
	if [ -e "$case_dir/prepare" ]; then
		cd "$work" || exit 1
		: >needs
		. "$case_dir/prepare"
		return 0
	fi
	OBJECTS=prog BUILD_OPTS= STRIP=1 MAKE_ARGS= NEEDS= SKIP=
	# A case may set these, and define built(), which runs between compiling and `suture build`. NEEDS
	# are programs without which it cannot run, SKIP says why it says nothing of TARGET_ARCH.
	built() { :; }
	[ ! -e "$case_dir/case" ] || . "$case_dir/case"
	export CC CFLAGS LDFLAGS
	echo "$NEEDS" >"$work/needs"
	if [ -n "$SKIP" ]; then
		echo "$SKIP" >"$work/skip"
		return 0
	fi
	cp -r "$work/src" "$work/made"
	cd "$work" || exit 1
	if ! make -C made $MAKE_ARGS >make.log 2>&1; then
		echo "not ok 1 - the target compiles"
		tail -5 make.log | sed "s,^,# ,"
		echo 1..1
		exit 1
	fi
	for f in made/prog made/solo? made/*.so; do
		[ -e "$f" ] || continue
		if [ "$STRIP" = 1 ]; then
			$strip -o "${f##*/}" "$f"
		else
			cp "$f" .
		fi
	done
	built
	for p in *.patch; do
		p=${p%.patch}
		# Each patch may be for other objects: OBJECTS_a for a.patch.
		eval "objects=\${OBJECTS_$p:-\$OBJECTS}"
		set --
		for o in $objects; do set -- "$@" --object "$o"; done
		"$SUTURE" build --work "$work/cache" --source src --make "make $MAKE_ARGS" "$@" \
			$BUILD_OPTS -o "$p.sut" "$p.patch" >"$p.log" 2>&1
		echo $? >"$p.rc"
	done
	rm -rf cache
}

run()
{
	cd "$work" || exit 1
	for n in $(cat needs); do
		command -v "$n" >/dev/null || echo "there is no $n here" >skip
	done
	if [ -e skip ]; then
		echo "1..0 # SKIP $(cat skip)"
		exit 0
	fi
	NAME=$name exec sh "$case_dir/test"
}

case $stage in
prepare) prepare ;;
run) run ;;
guarded) prepare && run ;;
both)
	# Kept for the table in docs/tests.md.
	tap=$LIVE_WORK/tap/$name@$VARIANT.tap
	mkdir -p "$LIVE_WORK/tap"
	timeout -k 5 "${LIVE_LIMIT:-120}" sh "$0" guarded "$case_dir@$VARIANT" >"$tap"
	rc=$?
	[ $rc -lt 124 ] || echo "not ok 999 - the test came to its end in time" >>"$tap"
	cat "$tap"
	if [ $rc != 0 ]; then
		echo "# what is left of it: $work"
	elif [ -z "${KEEP:-}" ]; then
		rm -rf "$work"
	fi
	exit $rc
	;;
esac

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs the random-code test for one seed: run.sh [prepare|run] tests/random/SEED[xFUNCTIONS][@VARIANT]
#
# Stages as in tests/live/run.sh: `prepare` needs compilers (the host's for the generator), diff and
# awk; `run` needs a POSIX shell, the suture program and memtext, in this machine or in a guest.
#
#   SUTURE      the program under test          (build/suture)
#   GEN         the generator                   (build/tests/random/gen)
#   LIVE_WORK   where work folders are made     (build/live)
#   TARGET_CC   compiles the program            ($CC, gcc), also for another architecture
#   TARGET_CFLAGS  more flags for it
#   VARIANT     how it is compiled; without one the seed decides
#   KEEP=1      keep the work folder of a test that passed
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
SUTURE=${SUTURE:-$root/build/suture}
GEN=${GEN:-$root/build/tests/random/gen}
LIVE_WORK=${LIVE_WORK:-$root/build/live}
LIVE_LIB=$root/tests/lib
MEMTEXT=${MEMTEXT:-$root/build/tests/memtext}
export SUTURE GEN LIVE_WORK LIVE_LIB MEMTEXT

stage=both
case ${1:-} in
prepare | run | guarded) stage=$1; shift ;;
esac
arg=${1:?usage: run.sh [prepare|run] tests/random/SEED}
name=$(basename "$arg")
work=$LIVE_WORK/random-$name
arg=${name%@*}
case $name in *@*) VARIANT=${name##*@} ;; esac
seed=${arg%%x*}
functions=300
case $arg in *x*) functions=${arg#*x} ;; esac
CC=${TARGET_CC:-${CC:-gcc}}
case $CC in
*-gcc) TARGET_STRIP=${TARGET_STRIP:-${CC%gcc}strip} ;;
esac
if [ -z "${VARIANT:-}" ]; then
	case $CC in
	aarch64-*) set -- default O0 O1 O3 Os nopie noplt sections O2 bti clang ;;
	arm-*) set -- default O0 O1 O3 Os nopie a32 sections O2 unwind a32-O3 ;;
	powerpc64le-*) set -- default O0 O1 O3 Os nopie vsx sections O2 pads clang power10 ;;
	*) set -- default O0 O1 O3 Os nopie noplt sections O2 cet clang ;;
	esac
	shift $((seed % $#))
	VARIANT=$1
fi

# Sets CC, CFLAGS and LDFLAGS for the target's make. Floating-point operations are not contracted, as
# that depends on what is inlined where.
variant()
{
	triplet=${CC%-gcc}
	CFLAGS=-O2 LDFLAGS=
	case $VARIANT in
	default) ;;
	O0 | O1 | O2 | O3 | Os) CFLAGS=-$VARIANT ;;
	nopie) CFLAGS="-O2 -fno-pie" LDFLAGS=-no-pie ;;
	noplt) CFLAGS="-O2 -fno-plt" ;;
	sections) CFLAGS="-O2 -ffunction-sections -fdata-sections" ;;
	cet) CFLAGS="-O2 -fcf-protection=full" ;;
	bti) CFLAGS="-O2 -mbranch-protection=standard" ;;
	a32) CFLAGS="-O2 -marm" ;;
	a32-O3) CFLAGS="-O3 -marm" ;;
	unwind) CFLAGS="-O2 -funwind-tables" ;;
	# In front of the entry. What GCC 12 makes with nops behind it there cannot be called through a pointer: the TOC
	# pointer is computed as if the function began behind them.
	pads) CFLAGS="-O2 -fpatchable-function-entry=2,2" ;;
	vsx) CFLAGS="-O3 -mcpu=power9" ;;
	power10) CFLAGS="-O2 -mcpu=power10" ;;
	clang)
		CC=${TARGET_CLANG:-clang-14}
		[ "$triplet" = gcc ] || CC="$CC --target=$triplet"
		;;
	*) echo "not ok 1 - $VARIANT is a variant"; exit 1 ;;
	esac
	CFLAGS="$CFLAGS -w -std=gnu11 -ffp-contract=off ${TARGET_CFLAGS:-}"
	export CC CFLAGS LDFLAGS
}

fail()
{
	echo "not ok 1 - $1"
	[ ! -e "${2:-}" ] || tail -12 "$2" | sed 's,^,#   ,'
	echo 1..1
	exit 1
}

compile()	# compile TREE FOLDER: the binaries, every second seed's without symbols
{
	make -C "$1" >make.log 2>&1 || fail "$1 compiles" make.log
	mkdir -p "$2"
	for f in prog librnd.so; do
		if [ $((seed % 2)) = 1 ]; then
			${TARGET_STRIP:-strip} -o "$2/$f" "$1/$f"
		else
			cp "$1/$f" "$2/$f"
		fi
	done
}

# Functions that cannot be redirected are not to be known beforehand: the refusal names them, and the
# next patch leaves them as they are. Any other refusal is a failure.
build()
{
	round=0
	: >excluded
	while :; do
		"$GEN" "$seed" "$functions" . excluded || fail "the generator takes the refusal" excluded
		diff -u src new >fix.patch
		"$SUTURE" build --work cache --source src --make make --object prog \
			--object librnd.so -o fix.sut fix.patch >fix.log 2>&1
		rc=$?
		echo $rc >fix.rc
		[ $rc = 3 ] || break
		round=$((round + 1))
		[ $round -lt 8 ] || fail "the build ends with a patch" fix.log
		awk '/^  SUT-/ { code = $1 }
			code ~ /^SUT-B05[23]$/ && /^    '\''/ { sub(/^ *'\''/, ""); sub(/'\''.*/, ""); print code, $0 }
			/^  SUT-/ && code !~ /^SUT-B05[23]$/ { bad = 1 }
			END { exit bad }' fix.log >>refused || fail "the patch is built" fix.log
		awk '{ print $2 }' refused >excluded
	done
	[ $rc = 0 ] || fail "the patch is built" fix.log
	rm -rf cache
}

prepare()
{
	rm -rf "$work"
	mkdir -p "$work" && cd "$work" || exit 1
	variant
	: >refused
	"$GEN" "$seed" "$functions" . || fail "the program is generated"
	for t in src new; do
		cp "$root/tests/random/vals.h" "$root/tests/random/driver.h" "$LIVE_LIB/talk.h" $t/
		cp "$LIVE_LIB/live.mk" $t/Makefile
	done
	cp -r src made
	compile made .
	build
	rm -rf made
	cp -r new made
	compile made patched
	rm -rf made
}

case $stage in
prepare) prepare ;;
run) cd "$work" && NAME=random exec sh "$root/tests/random/test" ;;
guarded) prepare && cd "$work" && NAME=random exec sh "$root/tests/random/test" ;;
both)
	VARIANT=$VARIANT timeout -k 5 "${LIVE_LIMIT:-600}" sh "$0" guarded "$name"
	rc=$?
	if [ $rc != 0 ]; then
		[ $rc -lt 124 ] || echo "not ok 999 - the test came to its end in time"
		echo "# what is left of it (compiled as in $VARIANT): $work"
	elif [ -z "${KEEP:-}" ]; then
		rm -rf "$work"
	fi
	exit $rc
	;;
esac

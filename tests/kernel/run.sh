#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Kernel patches on a stock kernel: run.sh [CASE]..., as TAP, and that of each in KERNEL_WORK/ARCH/tap. A case is a folder of tests/kernel/cases:
#
#   NAME.patch       a diff of the kernel, built as patch NAME; NAME@ARCH.patch takes its place on ARCH, else
#                    NAME@6.12.patch from Linux 6.12 on
#   NAME.opts        more options for `build`
#   test             run in a guest that boots the kernel, beside the patches; its first comment is the
#                    case's line in the tables of docs/
#   host             run here instead, before any guest
#   prepare          run here, where the patches lie, when all are built
#   last             there: run after all that have none, as it leaves the kernel changed
#   needs            modules of the kernel that are put beside the test
#   source/          of a module that is not part of the kernel. It is built and put beside the test; the diffs are of it
#   make             how make is called for that ("make"); it is built without this, too, as other/NAME.ko
#   base/            of another module, which that one needs: built likewise, before it. $WORDS is its folder
#   not              "ARCH REASON" lines: where there is nothing to test; instead of ARCH "livepatch" for kernels
#                    that have it, or "core" for those that our core patches
#   options          of the kernel, "CONFIG_X=y" lines: where it has not all of them there is nothing to test, either
#
# Settings:
#   KERNEL_ARCH  whose kernel, by Debian's name (amd64)
#   KERNEL_SERIES  6.1 or 6.12: of the latter, everything is in folders whose names end so (6.1)
#   SUTURE       this machine's program        (build/suture)
#   CROSS        what scripts/cross.sh made    (build/cross)
#   KERNEL       what scripts/kernel.sh made, or scripts/kernel-livepatch.sh (build/kernel)
#   KERNEL_WORK  where everything is put       (build/kernel-work)
#   KERNEL_CASES_DIR  where the cases are      (tests/kernel/cases)
#   KERNEL_ARGS, KERNEL_LIMIT: see boot.sh
set -u

dir=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$dir/../.." && pwd)
arch=${KERNEL_ARCH:-amd64}
series=${KERNEL_SERIES:-6.1}
suffix=-$series
[ "$series" != 6.1 ] || suffix=
SUTURE=${SUTURE:-$root/build/suture}
export CROSS="${CROSS:-$root/build/cross}/$arch"
KERNEL=${KERNEL:-$root/build/kernel$suffix}
cases=${KERNEL_CASES_DIR:-$dir/cases}
cache=${KERNEL_WORK:-$root/build/kernel-work$suffix}
mkdir -p "$cache/$arch/patches"
cache=$(cd "$cache" && pwd)
work=$cache/$arch
R=$KERNEL/root-$arch
source=$KERNEL/linux-source
[ -e "$source" ] || source=$KERNEL/linux-source-$series
kernel=$(ls "$R"/boot/vmlinu*)
release=${kernel##*/vmlinu?-}
# What Linux calls the architecture. Packages of headers know it, folders that a kernel was built in do not.
karch=$(sed -n 's,^# Linux/\([^ ]*\) .*,\1,p' "$R/boot/config-$release")
way=core
! grep -qx CONFIG_LIVEPATCH=y "$R/boot/config-$release" || way=livepatch
# PORT: where the cross compiler makes other code than the compiler that built the archive
if [ "$arch" = arm64 ] && [ ! -e "$R/built" ] && [ "$(dpkg --print-architecture)" != arm64 ] && [ -z "${SUTURE_CROSS_arm64:-}" ]; then
	SUTURE_CROSS_arm64=$("$root/scripts/archive-cc.sh" "$cache/cc" arm64) || exit 1
	export SUTURE_CROSS_arm64
fi
cross=''
[ "$arch" = "$(dpkg --print-architecture)" ] || cross=$("$root/scripts/triplet.sh" "$arch")-
n=0

tap()	# lines of a test: numbered
{
	while IFS= read -r line; do
		case $line in
		"ok "*) n=$((n + 1)); echo "ok $n${line#ok}" ;;
		"not ok "*) n=$((n + 1)); echo "not ok $n${line#not ok}" ;;
		*) echo "$line" ;;
		esac
	done
}

# module FOLDER: makes it there as DKMS would
module()
{
	$how -C "$R/usr/src/linux-headers-$release" M="$1" ARCH="$karch" CROSS_COMPILE="$cross" modules >"$o/log" 2>&1 || {
		sed 's/^/# /' "$o/log"
		return 1
	}
	"${cross}strip" -g "$1"/*.ko
}

# outside: makes the module of a case that has a source of one, in a folder that is gone afterwards: $ko
outside()
{
	o=$work/outside/$release/${from##*/}
	ko=$(ls "$o"/*.ko 2>/dev/null)
	words=$(cat "$from/make" 2>/dev/null || echo make)
	sources=$(ls -d "$from/source" "$from/make" 2>/dev/null)
	unset WORDS KBUILD_EXTRA_SYMBOLS
	[ ! -e "$from/base" ] || {
		export WORDS="$o/base" KBUILD_EXTRA_SYMBOLS="$o/base/Module.symvers"
		sources="$sources $from/base"
	}
	[ -z "$ko" ] || [ -n "$(find $sources -newer "$ko")" ] || return 0
	rm -rf "$o"
	mkdir -p "$o/other"
	for how in make "$words"; do
		to_o=$o/$([ "$how" = "$words" ] || echo other)
		[ ! -e "$from/base" ] || {
			rm -rf "$o/base"
			cp -r "$from/base" "$o/base"
			(unset KBUILD_EXTRA_SYMBOLS && module "$o/base") || return 1
			[ "$how" = "$words" ] || cp "$o"/base/*.ko "$to_o"
		}
		cp -r "$from/source" "$o/build"
		module "$o/build" || return 1
		mv "$o"/build/*.ko "$to_o"
		rm -rf "$o/build"
	done
	ko=$(ls "$o"/*.ko)
}

build()	# build OUT.sut [OPTION]... FIX.patch: for the kernel of the guest, or the module that was made for this case
{
	out=$1
	shift
	if [ -n "$ko" ]; then
		set -- --module-source "$from/source" --make "$words" --object "$ko" "$@"
	else
		set -- --kernel "$source" "$@"
	fi
	(
		# The archive did not build it: its compiler is this machine's.
		[ -z "$ko" ] || unset SUTURE_CROSS_arm64
		"$SUTURE" build --vmlinuz "$kernel" \
			--config "$R/boot/config-$release" --headers "$R/usr/src/linux-headers-$release" \
			--modules "$R/lib/modules/$release" --work "$cache/cache" -o "$out" "$@"
	)
}

# since X.Y: is the kernel Linux X.Y or later?
since() { [ "$(printf '%s\n' "$1" "$release" | sort -V | head -1)" = "$1" ]; }

# has_options FILE: does the kernel have all options in it?
has_options() { ! grep -vxFf "$R/boot/config-$release" "$1" >/dev/null; }

# chosen NAME: the file of a patch of this case, for this kernel
chosen()
{
	p=$from/$1.patch
	for v in $(ls "$from" | sed -n "s/^$1@\([0-9.]*\)[.]patch$/\1/p" | sort -V); do
		! since "$v" || p=$from/$1@$v.patch
	done
	[ ! -e "$from/$1@$arch.patch" ] || p=$from/$1@$arch.patch
	echo "$p"
}

# refused PATCH CODE DESCRIPTION [OPTION]...: a patch of this case (./PATCH: here) is not built, with exit status $status
refused()
{
	case $1 in
	./*) p=$1.patch ;;
	*) p=$(chosen "$1") ;;
	esac
	name=$1 code=$2 about=$3
	shift 3
	build "$name.sut" "$@" "$p" >"$name.log" 2>&1
	is "$?" "${status:-3}" "$about is refused"
	like "$(cat "$name.log")" "$code" "with its code"
	[ ! -e "$name.sut" ]
	ok $? "and no patch is written"
}

# build_all CASE: all its patches, into the cache. What was built with this program stays.
build_all()
{
	for p in "$from"/*.patch; do
		name=$(basename "$p" .patch)
		case $name in *@*) continue ;; esac
		p=$(chosen "$name")
		opts=$(cat "$from/$name.opts" 2>/dev/null)
		sut=$work/patches/$1.$name.sut
		log=$work/patches/$1.$name.log
		[ -e "$sut" ] && [ "$sut" -nt "$SUTURE" ] && [ "$sut" -nt "$p" ] && [ "$sut" -nt "$kernel" ] &&
			[ "$sut" -nt "${ko:-$p}" ] ||
			build "$sut" --name "$name" $opts "$p" >"$log" 2>&1 || {
			rm -f "$sut"
			echo "not ok - $1: $name is built"
			sed 's/^/#   /' "$log"
			return 1
		}
		[ -e "$sut" ] || {
			echo "not ok - $1: $name is built, and changes something"
			sed 's/^/#   /' "$log"
			return 1
		}
		cp "$sut" "$to/$name.sut"
	done
}

[ $# -gt 0 ] || set -- $(cd "$cases" && ls)
rm -rf "$work/guest" "$work/list" "$work/list.last" "$work/results" "$work/console" "$work/tap"
mkdir -p "$work/guest/s/cases" "$work/results" "$work/tap"
: >"$work/list"
for case; do
	from=$cases/$case
	to=$work/guest/s/cases/$case ko=''
	mkdir -p "$to"
	why=$(sed -n "s/^$arch //p; s/^$way //p" "$from/not" 2>/dev/null | head -1)
	[ -n "$why" ] || [ ! -e "$from/options" ] || has_options "$from/options" || why="the kernel is built without it"
	if [ -n "$why" ]; then
		echo "ok - $case # SKIP $why" >"$work/results/$case"
		continue
	fi
	if [ -e "$from/host" ]; then
		(cd "$to" && . "$dir/lib.sh" && . "$from/host") >"$work/results/$case" 2>&1
		continue
	fi
	if [ -e "$from/source" ]; then
		outside >"$work/results/$case" || {
			echo "not ok - $case: its module is built" >>"$work/results/$case"
			continue
		}
		cp -r "$ko" "${ko%/*}/other" "$to/"
		[ ! -e "$from/base" ] || cp "${ko%/*}"/base/*.ko "$to/"
	fi
	build_all "$case" >"$work/results/$case" || continue
	cp "$from/test" "$to/"
	[ ! -e "$from/prepare" ] || (cd "$to" && . "$from/prepare") || exit 1
	[ ! -e "$from/needs" ] || for m in $(cat "$from/needs"); do
		find "$R/lib/modules" -name "$m.ko" -exec cp {} "$to/" \; -o \
			-name "$m.ko.xz" -exec sh -c 'xz -dc "$1" >"$2"' - {} "$to/$m.ko" \;
	done
	echo "$case" >>"$work/list$([ ! -e "$from/last" ] || echo .last)"
done
cat "$work/list.last" >>"$work/list" 2>/dev/null
[ ! -s "$work/list" ] || "$dir/boot.sh" "$arch" "$kernel" "$work" || exit 1
for case; do
	n=0
	tap <"$work/results/$case" >"$work/tap/$case.part"
	echo "1..$(grep -cE '^(not )?ok ' "$work/tap/$case.part")" >>"$work/tap/$case.part"
	mv "$work/tap/$case.part" "$work/tap/$case.tap"
done
n=0
for case; do
	cat "$work/results/$case"
done >"$work/all"
tap <"$work/all" >"$work/all.tap"
cat "$work/all.tap"
echo "1..$(grep -cE '^(not )?ok ' "$work/all.tap")"
! grep -q '^not ok' "$work/all.tap"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds kernel modules against what fetch.sh made: kmod.sh KERNEL_DIR WORK SOURCE_DIR...
#
# The folders are copied into WORK, as kbuild writes beside the sources, and built in one go, so that a
# module finds what another exports.
set -eu

root=$(cd "$(dirname "$0")/../../.." && pwd)
kernel=$(cd "$1" && pwd)
mkdir -p "$2"
work=$(cd "$2" && pwd)
name=${kernel##*/}
shift 2
: >"$work/Makefile"
for d in "$@"; do
	mkdir -p "$work/${d##*/}"
	cp -u "$d"/* "$work/${d##*/}/"
	echo "obj-m += ${d##*/}/" >>"$work/Makefile"
done
deb=${name%%-*}
# PORT: the kernel's own name of it
case $deb in
amd64) arch=x86 ;;
armhf) arch=arm ;;
ppc64el) arch=powerpc ;;
*) arch=$deb ;;
esac
triplet=$("$root/scripts/triplet.sh" "$deb")
make -C "$kernel/build" M="$work" ARCH=$arch CROSS_COMPILE="$triplet-" CC="$triplet-gcc-12" modules

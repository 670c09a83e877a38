#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel core on a stock kernel: run.sh ARCH-SERIES, as TAP. Fetches the kernel, builds the core and the
# patch modules against its headers, and runs the t-*.sh in a guest that boots it.
#
#   CORE_KERNELS  where kernels are put (build/kernel-core)
#   CORE_WORK     where everything else is put (build/kernel-core-work)
#   TESTS, GUEST_LIMIT, QEMU_CPU: see boot.sh
set -u

here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../.." && pwd)
kernels=${CORE_KERNELS:-$root/build/kernel-core}
work=${CORE_WORK:-$root/build/kernel-core-work}/$1
mkdir -p "$kernels" "$work"

prepare()
{
	"$here/fetch.sh" "$kernels" "${1%%-*}" "${1#*-}" &&
		"$here/kmod.sh" "$kernels/$1" "$work/modules" "$root/src/kernel/core" "$here/mods" &&
		"$("$root/scripts/triplet.sh" "${1%%-*}")-gcc" -O1 -Wall -static -o "$work/modules/load" "$here/load.c"
}
if ! prepare "$1" >"$work/build.log" 2>&1; then
	echo "not ok 1 - the modules for $1 are built"
	tail -n 20 "$work/build.log" | sed 's/^/#   /'
	echo 1..1
	exit 1
fi
"$here/boot.sh" "$kernels/$1" "$work/modules" "$work"

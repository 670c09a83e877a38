#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# make bench: pause and wall time of apply and revert beside the bare cost of stopping the same threads,
# the cost of a patched call, and the time of builds. docs/performance.md says what is what.
set -eu

suture=$1
work=$2
here=$(cd "$(dirname "$0")" && pwd)
rounds=${ROUNDS:-40}

ms() { echo $(($(date +%s%N) / 1000000)); }
timed()
{
	begin=$(ms)
	"$@" >"$work/out.txt" 2>&1 || { cat "$work/out.txt"; exit 1; }
	took=$(($(ms) - begin))
}

rm -rf "$work/prog" "$work/tree" "$work/cache"
mkdir -p "$work"
cp -r "$here/prog" "$work/prog"
make -s -C "$work/prog"
echo "$(uname -sr), $(nproc) CPUs, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(gcc --version | head -1)"
echo
echo "build of a one-line fix, ms"
cp -r "$here/prog" "$work/tree"
build="$suture build --source $work/tree --make make --object $work/prog/main --work $work/cache \
	--name fix -o $work/fix.sut $work/prog/fix.patch"
timed $build
echo "first build of the tree      $took"
timed $build
echo "again, nothing changed       $took"
sed 's/+ 2;/+ 5;/' "$work/prog/fix.patch" >"$work/other.patch"
timed "$suture" build --source "$work/tree" --make make --object "$work/prog/main" \
	--work "$work/cache" --name other -o "$work/other.sut" "$work/other.patch"
echo "another fix, same tree       $took"
echo
"$work/call" "$suture" "$work/fix.sut" "$work/prog/main" 15
echo
"$work/pause" "$suture" "$work/fix.sut" "$work/prog/main" "$rounds"

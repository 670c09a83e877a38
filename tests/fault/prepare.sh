#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# prepare.sh SOURCE-FOLDER WORK-FOLDER PROGRAM: compiles a target and builds the patch for it.
# CC compiles it, for another architecture where it is a compiler for one.
set -e
src=$1 work=$2 prog=$3
suture=${SUTURE:-build/suture}
rm -rf "$work"
mkdir -p "$work/src" "$work/made"
for f in "$src"/*; do
	case $f in
	*.patch) cp "$f" "$work/" ;;
	*) cp "$f" "$work/src/" && cp "$f" "$work/made/" ;;
	esac
done
# A redirect takes 8 bytes there; and newer compilers than this one write tables.
case ${CC:-} in riscv64-*) export CFLAGS="-falign-functions=8 -falign-loops=8 -fasynchronous-unwind-tables" ;; esac
make -s -C "$work/made" "$prog" >"$work/make.log" 2>&1 || { cat "$work/make.log"; exit 1; }
${STRIP:-strip} -o "$work/$prog" "$work/made/$prog"
"$suture" build --work "$work/cache" --source "$work/src" --make make --object "$work/$prog" \
	-o "$work/fix.sut" "$work/fix.patch" >"$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }

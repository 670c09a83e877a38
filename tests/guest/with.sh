#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a command while guests run tests: with.sh tests/live/NAME/test[@VARIANT]@ARCH... -- COMMAND...
# Also tests/random/SEED[xFUNCTIONS][@VARIANT]@ARCH.
# The command sees their results through show.sh; guests do not outlive it.
set -u

dir=$(cd "$(dirname "$0")" && pwd)
export GUEST_WORK="${GUEST_WORK:-$dir/../../build/guest}"
archs='' pids=''
while [ "$1" != -- ]; do
	a=${1##*@}
	case " $archs " in
	*" $a "*) ;;
	*)
		archs="$archs $a"
		mkdir -p "$GUEST_WORK/$a"
		# Nothing of an earlier run may be taken for a result.
		rm -rf "$GUEST_WORK/$a/tap" "$GUEST_WORK/$a/done" "$GUEST_WORK/$a/names"
		;;
	esac
	echo "${1%@*}" | sed 's,^tests/live/,,; s,/test,,; s,^tests/random/,random-,' >>"$GUEST_WORK/$a/names"
	shift
done
shift
trap 'for p in $pids; do kill "$p" 2>/dev/null; wait "$p"; done' EXIT
trap 'exit 1' INT TERM HUP
for a in $archs; do
	sh "$dir/boot.sh" "$a" $(cat "$GUEST_WORK/$a/names") >"$GUEST_WORK/$a/log" 2>&1 &
	pids="$pids $!"
	echo $! >"$GUEST_WORK/$a/pid"
done
"$@"

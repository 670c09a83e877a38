#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a command while guests run live tests: with.sh "ARCH..." "NAME..." COMMAND...
# The command sees their results through show.sh; guests do not outlive it.
set -u

dir=$(cd "$(dirname "$0")" && pwd)
archs=$1 names=$2
shift 2
pids=''
trap 'for p in $pids; do kill "$p" 2>/dev/null; wait "$p"; done' EXIT
trap 'exit 1' INT TERM HUP
export GUEST_WORK="${GUEST_WORK:-$dir/../../build/guest}"
for a in $archs; do
	mkdir -p "$GUEST_WORK/$a"
	# Nothing of an earlier run may be taken for a result.
	rm -rf "$GUEST_WORK/$a/tap" "$GUEST_WORK/$a/done"
	sh "$dir/boot.sh" "$a" $names >"$GUEST_WORK/$a/log" 2>&1 &
	pids="$pids $!"
	echo $! >"$GUEST_WORK/$a/pid"
done
"$@"

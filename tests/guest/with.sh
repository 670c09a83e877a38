#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs a command while guests run tests: with.sh tests/live/NAME/test[@VARIANT]@ARCH... -- COMMAND...
# Also tests/random/SEED[xFUNCTIONS][@VARIANT]@ARCH, and tests/kernel/cases/CASE@ARCH, which boot one or two at a time.
# The command sees their results through show.sh; guests do not outlive it.
set -u

dir=$(cd "$(dirname "$0")" && pwd)
export dir
export GUEST_WORK="${GUEST_WORK:-$dir/../../build/guest}"
export KERNEL_WORK="${KERNEL_WORK:-$dir/../../build/kernel-work}"
archs='' kernels='' pids=''
fresh()	# fresh FOLDER: nothing of an earlier run may be taken for a result
{
	mkdir -p "$1"
	rm -rf "$1/tap" "$1/done" "$1/names"
}
while [ "$1" != -- ]; do
	a=${1##*@}
	case $1 in
	tests/kernel/*)
		work=$KERNEL_WORK/$a
		case " $kernels " in *" $a "*) ;; *) kernels="$kernels $a"; fresh "$work" ;; esac
		;;
	*)
		work=$GUEST_WORK/$a
		case " $archs " in *" $a "*) ;; *) archs="$archs $a"; fresh "$work" ;; esac
		;;
	esac
	echo "${1%@*}" | sed 's,^tests/kernel/cases/,,; s,^tests/live/,,; s,/test,,; s,^tests/random/,random-,' >>"$work/names"
	shift
done
shift
trap 'for p in $pids; do kill -- "$p" 2>/dev/null; wait "${p#-}"; done' EXIT
trap 'exit 1' INT TERM HUP
for a in $archs; do
	sh "$dir/boot.sh" "$a" $(cat "$GUEST_WORK/$a/names") >"$GUEST_WORK/$a/log" 2>&1 &
	pids="$pids $!"
	echo $! >"$GUEST_WORK/$a/pid"
done
# Two at a time, one of which builds mostly. All that a chain starts is in its group.
chain()	# chain ARCH...
{
	setsid sh -c 'for a; do
		KERNEL_ARCH=$a sh "$dir/../kernel/run.sh" $(cat "$KERNEL_WORK/$a/names") >"$KERNEL_WORK/$a/said" 2>&1
		touch "$KERNEL_WORK/$a/done"
	done' with.sh "$@" &
	pids="$pids -$!"
	for a; do echo $! >"$KERNEL_WORK/$a/pid"; done
}
one='' other=''
for a in $kernels; do
	last=$one
	one="$other $a"
	other=$last
done
[ -z "$one" ] || chain $one
[ -z "$other" ] || chain $other
"$@"

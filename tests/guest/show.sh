#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Waits for the result of one test in a guest that with.sh started, and shows it as the test's own:
# show.sh NAME[@VARIANT]@ARCH, where a NAME in tests/random is one of the random programs, one in tests/kernel
# a case of kernel patches
set -u

arch=${1##*@}
name=${1%@*}
case $name in *@* | tests/random/*) ;; *) name=$name@default ;; esac
name=$(echo "$name" | sed 's,^tests/live/,,; s,/test@,@,; s,^tests/random/,random-,')
work=${GUEST_WORK:-$(dirname "$0")/../../build/guest}/$arch
case $name in tests/kernel/*)
	name=${name#tests/kernel/cases/}
	name=${name%@default}
	work=${KERNEL_WORK:-$(dirname "$0")/../../build/kernel-work}/$arch
	;;
esac
tap=$work/tap/$name.tap
while [ ! -e "$tap" ] && [ ! -e "$work/done" ]; do
	if ! kill -0 "$(cat "$work/pid" 2>/dev/null)" 2>/dev/null && [ ! -e "$work/done" ]; then
		break
	fi
	sleep 0.2
done
if [ ! -e "$tap" ]; then
	echo "not ok 1 - there is a guest that runs this test"
	tail -5 "$work/said" "$work/log" 2>/dev/null | sed 's/^/# /'
	echo 1..1
	exit 1
fi
cat "$tap"
! grep -q '^not ok' "$tap"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The first process of the guest: runs each test and says what it says.
/bin/busybox mkdir -p /proc /sys /dev /tmp
/bin/busybox --install -s /bin
export PATH=/bin SUTURE=/s/suture
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
mount -t tmpfs none /tmp
mount -t debugfs none /sys/kernel/debug
dmesg -n 1
cd /s/cases || exit
echo "@guest $(uname -m) Linux $(uname -r)"
for case in $(cat /s/list); do
	echo "@begin $case"
	dmesg -c >/dev/null
	(
		. /s/lib.sh
		cd "$case" || exit
		. ./test
	) </dev/null >/tmp/out 2>&1
	grep -q '^BUG:\|general protection\|^Oops\|kernel BUG' /tmp/out
	dmesg | grep -q 'BUG: \|Oops\|general protection fault' && echo "not ok - $case: the kernel is well" >>/tmp/out
	# Nothing that a test left behind is in the way of the next.
	for m in /sys/module/suture_*; do
		[ -e "$m" ] || continue
		echo "not ok - $case: nothing is left behind (${m##*/})" >>/tmp/out
		$SUTURE revert "${m##*/}" >/dev/null 2>&1
	done
	sed 's/^/@ /' /tmp/out
	echo "@end $case"
done
echo "@done"
poweroff -f

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Boots a kernel with modules and tests: boot.sh KERNEL_DIR MODULES WORK. Results as TAP on stdout, all that
# the machine said in WORK/console.
#
#   GUEST_LIMIT	seconds for all of it (300)
#   QEMU_CPU	another processor than the usual one
set -u

here=$(cd "$(dirname "$0")" && pwd)
kernel=$(cd "$1" && pwd)
modules=$(cd "$2" && pwd)
mkdir -p "$3"
work=$(cd "$3" && pwd)
name=${kernel##*/}

rm -rf "$work/root"
mkdir -p "$work/root/bin" "$work/root/t" "$work/root/proc" "$work/root/sys" "$work/root/dev" "$work/root/tmp"
cp "$here/init" "$work/root/init"
chmod 755 "$work/root/init"
cp "$kernel/busybox" "$work/root/bin/busybox"
ln -s busybox "$work/root/bin/sh"
cp "$here/guest.sh" "$here"/t-*.sh "$work/root/t/"
[ -z "${TESTS:-}" ] || (cd "$work/root/t" && mkdir k && for t in $TESTS; do mv "t-$t.sh" k; done && rm -f t-*.sh && mv k/* .)
find "$modules" -name '*.ko' -exec cp {} "$work/root/t/" \;
find "$modules" -maxdepth 1 -name 'load' -exec cp {} "$work/root/t/" \;
(cd "$work/root" && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$work/initrd" || exit 1
rm -rf "$work/root"

boot="quiet panic=-1 rdinit=/init oops=panic ${BOOT_ARGS:-}"
set -- -nodefaults -nographic -no-reboot -serial stdio -m 512 -smp 2 -accel tcg,thread=multi \
	-kernel "$kernel/kernel" -initrd "$work/initrd"
# PORT: an emulated machine that boots its kernel
case ${name%%-*} in
amd64) set -- qemu-system-x86_64 -M q35 -cpu "${QEMU_CPU:-max}" "$@" -append "console=ttyS0 $boot" ;;
arm64) set -- qemu-system-aarch64 -M virt -cpu "${QEMU_CPU:-cortex-a72}" "$@" -append "console=ttyAMA0 $boot" ;;
armhf) set -- qemu-system-arm -M virt -cpu "${QEMU_CPU:-cortex-a15}" "$@" -append "console=ttyAMA0 $boot" ;;
ppc64el) set -- qemu-system-ppc64 -M pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off \
	-cpu "${QEMU_CPU:-power9}" -vga none "$@" -append "console=hvc0 disable_radix $boot" ;;
esac
timeout -k 5 "${GUEST_LIMIT:-300}" "$@" </dev/null >"$work/console" 2>&1
tr -d '\r' <"$work/console" | sed -n 's/^@ //p' >"$work/tap"
cat "$work/tap"
if ! grep -q '^1\.\.' "$work/tap"; then
	n=$(($(grep -c '^\(not \)\{0,1\}ok ' "$work/tap") + 1))
	echo "not ok $n - the guest lived to the end"
	tail -n 40 "$work/console" | tr -cd '\11\12\40-\176' | sed 's/^/#   /'
	echo "1..$n"
fi
! grep -q '^not ok' "$work/tap" && grep -q '^1\.\.' "$work/tap"

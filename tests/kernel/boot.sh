#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs prepared cases in a guest that boots a stock kernel: boot.sh ARCH KERNEL WORK
#
#   ARCH         Debian's name
#   KERNEL       what boots
#   WORK/guest/s/cases/CASE/test, WORK/list: what is run; WORK/results/CASE: what it said
#   CROSS        what scripts/cross.sh made for ARCH
#   KERNEL_LIMIT seconds for the guest (1500)
#   KERNEL_ARGS  more for the kernel's command line
set -u

here=$(cd "$(dirname "$0")" && pwd)
arch=$1 kernel=$2 work=$3
triplet=$("$here/../../scripts/triplet.sh" "$arch")
g=$work/guest
mkdir -p "$g/bin" "$g/etc"
cp "$here/guest.sh" "$g/init" && chmod 755 "$g/init"
cp "$here/lib.sh" "$work/list" "$g/s/"
cp "$CROSS/busybox" "$g/bin/busybox" || exit 1
ln -sf busybox "$g/bin/sh"
"$triplet-strip" -o "$g/s/suture" "$CROSS/suture" || exit 1
for c in "$here"/*.c; do
	"$triplet-gcc" -O1 -static -pthread -o "$g/s/$(basename "$c" .c)" "$c" || exit 1
done
printf 'root:x:0:0::/tmp:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n' >"$g/etc/passwd"
(cd "$g" && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$work/initrd" || exit 1
rm -rf "$g"

boot="quiet panic=-1 rdinit=/init ${KERNEL_ARGS:-}"
# Where x86 processors of the machine run side by side, the emulator may keep a translation of the int3 that
# text_poke() puts to an entry for a moment, made while it was replaced: the kernel's handler sees that there is none
# any more and has it run again, for ever (softlockups with the pc at the entry, seen with `vector` on a busy machine,
# and never with processors that take turns).
#
# From Linux 6.4 on a transition begins and ends with rewriting every call of cond_resched(), with three interrupts of
# all processors for each. One that takes turns waits for each until the other's turn is over, a tenth of a second while
# that is busy: `load` takes minutes.
threads=multi
[ "$arch" != amd64 ] || threads=single
set -- -nodefaults -nographic -no-reboot -serial stdio -m 768 -smp 2 -accel tcg,thread=$threads \
	-kernel "$kernel" -initrd "$work/initrd"
# PORT: an emulated machine that boots its kernel
case $arch in
amd64) set -- qemu-system-x86_64 -M q35 -cpu "${QEMU_CPU:-max}" "$@" -append "console=ttyS0 $boot" ;;
arm64) set -- qemu-system-aarch64 -M virt -cpu "${QEMU_CPU:-cortex-a72}" "$@" -append "console=ttyAMA0 $boot" ;;
armhf) set -- qemu-system-arm -M virt -cpu "${QEMU_CPU:-cortex-a15}" "$@" -append "console=ttyAMA0 $boot" ;;
ppc64el) set -- qemu-system-ppc64 -M pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off \
	-cpu "${QEMU_CPU:-power9}" -vga none "$@" -append "console=hvc0 disable_radix $boot" ;;
esac
timeout -k 5 "${KERNEL_LIMIT:-1500}" "$@" </dev/null 2>&1 | sed -u 's,\r,,g' >"$work/console"
case=''
while IFS= read -r line; do
	case $line in
	*"@guest "*) echo "${line#*@guest }" >"$work/kernel" ;;
	"@begin "*) case=${line#@begin } ;;
	"@ "*) [ -z "$case" ] || echo "${line#@ }" >>"$work/results/$case" ;;
	"@end "*)
		echo "@end" >>"$work/results/$case"
		case=''
		;;
	esac
done <"$work/console"
while read -r case; do
	grep -q '^@end' "$work/results/$case" 2>/dev/null || {
		echo "not ok - $case: the guest lived to the end of it"
		tail -15 "$work/console" | tr -cd '\11\12\40-\176' | sed 's/^/#   /'
	} >>"$work/results/$case"
	sed -i '/^@end/d' "$work/results/$case"
done <"$work/list"

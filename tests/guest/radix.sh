#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Shows what the emulator does with text that another processor writes (radix.c): once with each MMU.
# Nothing is tested here; it says whether boot.sh still needs `disable_radix`.
set -eu

root=$(cd "$(dirname "$0")/../.." && pwd)
cross=$(cd "${CROSS:-$root/build/cross}/ppc64el" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/root/bin" "$work/root/proc"
powerpc64le-linux-gnu-gcc -O1 -static -o "$work/root/radix" "$root/tests/guest/radix.c"
cp "$cross/busybox" "$work/root/bin/"
cat >"$work/root/init" <<'END'
#!/bin/busybox sh
/bin/busybox mount -t proc none /proc
/bin/busybox echo
/bin/busybox grep ^MMU /proc/cpuinfo
/radix
/bin/busybox poweroff -f
END
chmod 755 "$work/root/init"
(cd "$work/root" && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$work/initrd"
for how in '' disable_radix; do
	timeout 300 qemu-system-ppc64 -M pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off \
		-cpu "${PPC_CPU:-power9}" -vga none -nodefaults -nographic -no-reboot -serial stdio -m 512 -smp 2 \
		-accel tcg,thread=multi -kernel "$cross/kernel" -initrd "$work/initrd" \
		-append "console=hvc0 quiet panic=-1 rdinit=/init $how" </dev/null |
		tr -d '\r' | grep -aE '^MMU|calls in a second'
done

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A kernel patch, whole: a diff of one function is built for Debian's stock kernel, which boots in an emulated
# machine, is patched there while it runs, and is taken back. Every step checks what it claims.
set -eu

cd "$(dirname "$0")/.."
top=$PWD
O=${O:-build}
suture=$top/$O/suture
kernel=${KERNEL:-$top/build/kernel}
work=$top/$O/demo-kernel
root=$kernel/root-amd64
release=$(cd "$root/boot" && ls vmlinuz-* | sed 's/^vmlinuz-//')

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

mkdir -p "$work"
cp tests/kernel/cases/body/body.patch "$work/cmdline.patch"
cd "$work"
step "the fix"
cat cmdline.patch
step "build: only fs/proc/cmdline.c is compiled, and proved against vmlinuz-$release"
"$suture" build --kernel "$kernel/linux-source-6.1" --vmlinuz "$root/boot/vmlinuz-$release" \
	--config "$root/boot/config-$release" --headers "$root/usr/src/linux-headers-$release" \
	--modules "$root/lib/modules/$release" --work "$work/cache" -o cmdline.sut cmdline.patch
"$suture" inspect cmdline.sut

step "the stock kernel boots"
rm -rf guest && mkdir -p guest/bin guest/s
cp "$top/build/cross/amd64/busybox" guest/bin/busybox
ln -s busybox guest/bin/sh
strip -o guest/s/suture "$top/build/cross/amd64/suture"
cp cmdline.sut guest/s/
cat >guest/init <<'END'
#!/bin/sh
/bin/busybox mkdir -p /proc /sys /dev
/bin/busybox --install -s /bin
export PATH=/bin:/s
mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
cd /s
run() { echo "demo> # $*"; "$@" 2>&1 | sed 's/^/demo> /'; }
run uname -a
run cat /proc/cmdline
run suture check cmdline.sut
run suture apply --timeout 120 cmdline.sut
run cat /proc/cmdline
run suture status
run suture revert --timeout 120 cmdline
run cat /proc/cmdline
run lsmod
case $(cat /proc/cmdline) in patched*) ;; *) echo "demo> reverted" ;; esac
poweroff -f
END
chmod 755 guest/init
(cd guest && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1) >initrd
timeout -k 5 600 qemu-system-x86_64 -M q35 -cpu max -nodefaults -nographic -no-reboot -serial stdio -m 512 -smp 2 \
	-accel tcg,thread=single -kernel "$root/boot/vmlinuz-$release" -initrd initrd \
	-append "console=ttyS0 quiet panic=-1 rdinit=/init" </dev/null | tr -d '\r' | tee console | sed -un 's/^demo> //p'
grep -q '^demo> patched ' console
grep -q '^demo> reverted$' console
step "before, patched, reverted: seen"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Kernel patches on a stock kernel: run.sh [CASE]..., as TAP. Each folder of tests/kernel/cases has diffs
# of a kernel and a `test` that is run in a guest which boots that kernel, or a `host` that is run here.
#
#   SUTURE       this machine's program        (build/suture)
#   CROSS        what scripts/cross.sh made    (build/cross)
#   KERNEL       what scripts/kernel.sh made   (build/kernel)
#   KERNEL_WORK  where everything is put       (build/kernel-work)
#   KERNEL_LIMIT seconds for the guest         (1500)
set -u

dir=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$dir/../.." && pwd)
SUTURE=${SUTURE:-$root/build/suture}
CROSS=${CROSS:-$root/build/cross}/amd64
KERNEL=${KERNEL:-$root/build/kernel}
work=${KERNEL_WORK:-$root/build/kernel-work}
mkdir -p "$work"
work=$(cd "$work" && pwd)
R=$KERNEL/root-amd64
release=$(cd "$R/boot" && ls vmlinuz-* | sed 's/^vmlinuz-//')
n=0
bad=0

tap()	# lines of a test: numbered
{
	while IFS= read -r line; do
		case $line in
		"ok "*) n=$((n + 1)); echo "ok $n${line#ok}" ;;
		"not ok "*) n=$((n + 1)); bad=$((bad + 1)); echo "not ok $n${line#not ok}" ;;
		*) echo "$line" ;;
		esac
	done
}

build()	# build OUT.sut [OPTION]... FIX.patch: for the kernel of the guest
{
	out=$1
	shift
	"$SUTURE" build --kernel "$KERNEL/linux-source-6.1" --vmlinuz "$R/boot/vmlinuz-$release" \
		--config "$R/boot/config-$release" --headers "$R/usr/src/linux-headers-$release" \
		--modules "$R/lib/modules/$release" --work "$work/cache" -o "$out" "$@"
}

[ $# -gt 0 ] || set -- $(cd "$dir/cases" && ls)
rm -rf "$work/guest" "$work/list" "$work/results" "$work/console"
mkdir -p "$work/guest/s/cases" "$work/guest/bin" "$work/results"
: >"$work/list"
for case; do
	from=$dir/cases/$case
	to=$work/guest/s/cases/$case
	mkdir -p "$to"
	if [ -e "$from/host" ]; then
		(cd "$to" && . "$dir/lib.sh" && . "$from/host") >"$work/results/$case" 2>&1
		continue
	fi
	for p in "$from"/*.patch; do
		name=$(basename "$p" .patch)
		opts=$(cat "$from/$name.opts" 2>/dev/null)
		[ -e "$work/cache/$case.$name.sut" ] && [ "$work/cache/$case.$name.sut" -nt "$SUTURE" ] &&
			[ "$work/cache/$case.$name.sut" -nt "$p" ] ||
			build "$work/cache/$case.$name.sut" --name "$name" $opts "$p" >"$work/log" 2>&1 || {
			{
				echo "not ok - $case: $name is built"
				sed 's/^/#   /' "$work/log"
			} >>"$work/results/$case"
			continue 2
		}
		cp "$work/cache/$case.$name.sut" "$to/$name.sut"
	done
	cp "$from/test" "$to/"
	[ ! -e "$from/prepare" ] || (cd "$to" && . "$from/prepare") || exit 1
	[ ! -e "$from/needs" ] || for m in $(cat "$from/needs"); do
		find "$R/lib/modules" -name "$m.ko" -exec cp {} "$to/" \;
	done
	echo "$case" >>"$work/list"
done

# ---- the guest ----

g=$work/guest
cp "$dir/guest.sh" "$g/init" && chmod 755 "$g/init"
cp "$dir/lib.sh" "$work/list" "$g/s/"
cp "$CROSS/busybox" "$g/bin/busybox"
ln -s busybox "$g/bin/sh"
strip -o "$g/s/suture" "$CROSS/suture"
cc -O1 -static -o "$g/s/map" "$dir/map.c" || exit 1
mkdir -p "$g/etc" && printf 'root:x:0:0::/tmp:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n' >"$g/etc/passwd"
(cd "$g" && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$work/initrd"
rm -rf "$g"
if [ -s "$work/list" ]; then
	timeout -k 5 "${KERNEL_LIMIT:-1500}" qemu-system-x86_64 -M q35 -cpu max -nodefaults -nographic -no-reboot \
		-serial stdio -m 768 -smp 2 -accel tcg,thread=multi -kernel "$R/boot/vmlinuz-$release" \
		-initrd "$work/initrd" -append "console=ttyS0 quiet panic=-1 rdinit=/init" </dev/null 2>&1 |
		tr -d '\r' >"$work/console"
	case=''
	while IFS= read -r line; do
		case $line in
		"@begin "*) case=${line#@begin } ;;
		"@ "*) [ -z "$case" ] || echo "${line#@ }" >>"$work/results/$case" ;;
		"@end "*) echo "@end" >>"$work/results/$case"; case='' ;;
		esac
	done <"$work/console"
fi
: >"$work/tap"
for case; do
	if [ -s "$work/list" ] && grep -qx "$case" "$work/list" && ! grep -q '^@end' "$work/results/$case" 2>/dev/null; then
		{
			echo "not ok - $case: the guest lived to the end of it"
			tail -15 "$work/console" | tr -cd '\11\12\40-\176' | sed 's/^/#   /'
		} >>"$work/results/$case"
	fi
	grep -v '^@end' "$work/results/$case" >>"$work/tap"
done
tap <"$work/tap" >"$work/tap.out"
cat "$work/tap.out"
echo "1..$(grep -cE '^(not )?ok ' "$work/tap.out")"
! grep -q '^not ok' "$work/tap.out"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs tests in an emulated machine: boot.sh ARCH NAME[@VARIANT]...
#
# NAME is a live test, or random-SEED[xFUNCTIONS], a program of tests/random.
#
# ARCH is Debian's name of an architecture. The targets are cross-compiled and their patches built here
# (the `prepare` half of tests/live/run.sh and tests/random/run.sh), with the suture of this machine. Then Debian's kernel is booted
# with an initial file system that has all of it, and the `run` half happens there. What a test says
# arrives in GUEST_WORK/ARCH/tap/NAME@VARIANT.tap; every test that was asked for has such a file in the
# end, and where the guest said nothing of it, it is a failure with the last words of the console.
#
#   SUTURE       this machine's program          (build/suture)
#   CROSS        what scripts/cross.sh made      (build/cross)
#   GUEST_WORK   where everything is put         (build/guest)
#   GUEST_CPUS   processors of the machine       (2)
#   PPC_CPU      which POWER the ppc64el machine is (power10)
#   GUEST_LIMIT  seconds for all of the guest    (1800)
#   LIVE_LIMIT   seconds for one test there, where its preparation wrote no `limit` (240)
set -u

root=$(cd "$(dirname "$0")/../.." && pwd)
arch=$1
shift
SUTURE=${SUTURE:-$root/build/suture}
# arm64max: the same programs on a processor with all that the emulator knows.
base=${arch%max}
CROSS=$(cd "${CROSS:-$root/build/cross}" && pwd)/$base
export SUTURE CROSS
work=${GUEST_WORK:-$root/build/guest}/$arch
mkdir -p "$work"
work=$(cd "$work" && pwd)
triplet=$("$root/scripts/triplet.sh" "$base") || exit 1

rm -rf "$work/tap" "$work/done" "$work/live" "$work/root" "$work/list" \
	"$work/kernel" "$work/console"
mkdir -p "$work/tap" "$work/live"
for t in "$@"; do
	case $t in *@* | random-*) echo "$t" ;; *) echo "$t@default" ;; esac
done >"$work/wanted"

# A result is complete when it has its name.
result()	# result NAME: from standard input
{
	cat >"$work/tap/$1.part"
	mv "$work/tap/$1.part" "$work/tap/$1.tap"
}

console_tail()
{
	{
		grep -aE 'panic|Oops|BUG:|Unable to handle|Out of memory' "$work/console" | head -5
		tail -n 12 "$work/console"
	} 2>/dev/null | tr -cd '\11\12\40-\176' | sed 's/^/#   /'
}

qemu=''
the_end()
{
	[ -z "$qemu" ] || kill "$qemu" 2>/dev/null
	while read -r name; do
		[ ! -e "$work/tap/$name.tap" ] || continue
		{
			if [ "$name" = "$(cat "$work/running" 2>/dev/null)" ]; then
				echo "not ok 1 - the guest lived to the end of this test"
			else
				echo "not ok 1 - the test ran in the guest"
			fi
			echo "# the last words of the $arch guest ($work/console):"
			console_tail
			echo 1..1
		} | result "$name"
	done <"$work/wanted"
	: >"$work/done"
}
trap the_end EXIT
trap 'exit 1' INT TERM HUP

# ---- here: targets and patches ----

export LIVE_WORK="$work/live" TARGET_CC="$triplet-gcc"
prepare()
{
	name=$1
	case $name in
	random-*) set -- "$root/tests/random/run.sh" prepare "tests/random/${name#random-}" ;;
	*) set -- "$root/tests/live/run.sh" prepare "$name" ;;
	esac
	if sh "$@" >"$work/live/$name.out" 2>&1; then
		rm "$work/live/$name.out"
	else
		result "$name" <"$work/live/$name.out"
	fi
}
: >"$work/running"
# Two at a time; the other guests prepare meanwhile, too.
n=0
while read -r name; do
	prepare "$name" &
	n=$((n + 1))
	[ $((n % 2)) != 0 ] || wait
done <"$work/wanted"
wait
while read -r name; do
	[ -e "$work/tap/$name.tap" ] || echo "$name"
done <"$work/wanted" >"$work/list"
[ -s "$work/list" ] || exit 0

# ---- the guest's files ----

guest=$work/root
mkdir -p "$guest/bin" "$guest/etc" "$guest/s/bin" "$guest/s/tests/live" "$guest/s/tests/random" "$guest/s/tests/lib" \
	"$guest/s/work" "$guest/lib/$triplet" || exit 1
cp "$root/tests/guest/init" "$guest/init" && chmod 755 "$guest/init"
cp "$CROSS/busybox" "$guest/bin/busybox"
ln -s busybox "$guest/bin/sh"
printf 'root:x:0:0::/tmp:/bin/sh\nnobody:x:65534:65534::/tmp:/bin/sh\n' >"$guest/etc/passwd"
for l in libc.so.6 libm.so.6 libdl.so.2 libpthread.so.0 librt.so.1 libgcc_s.so.1; do
	cp -L "$CROSS/sysroot/lib/$triplet/$l" "$guest/lib/$triplet/" || exit 1
done
(cd "$CROSS/sysroot" && find lib lib64 -maxdepth 1 -name 'ld*.so*' 2>/dev/null) | while read -r l; do
	mkdir -p "$guest/${l%/*}"
	cp -L "$CROSS/sysroot/$l" "$guest/$l"
done
"$triplet-strip" -o "$guest/s/bin/suture" "$CROSS/suture" || exit 1
cp "$CROSS/tests/memtext" "$guest/s/bin/" || exit 1
cp "$root/tests/lib/tap.sh" "$root/tests/lib/live.sh" "$guest/s/tests/lib/"
cp "$root/tests/live/run.sh" "$guest/s/tests/live/"
cp "$root/tests/random/run.sh" "$root/tests/random/test" "$guest/s/tests/random/"
while read -r name; do
	case $name in
	random-*) ;;
	*)
		mkdir -p "$guest/s/tests/live/${name%@*}"
		cp "$root/tests/live/${name%@*}/test" "$guest/s/tests/live/${name%@*}/"
		;;
	esac
	cp -r "$work/live/$name" "$guest/s/work/"
	for d in src new made; do rm -rf "$guest/s/work/$name/$d"; done
done <"$work/list"
cp "$work/list" "$guest/s/list"
echo "LIMIT=${LIVE_LIMIT:-240}" >"$guest/s/settings"
(cd "$guest" && find . | cpio -o -H newc -R 0:0 --quiet | gzip -1) >"$work/initrd" || exit 1
rm -rf "$guest"

# ---- the machine ----

# ICOUNT=1: one processor whose clock moves by a nanosecond with each instruction.
cpus="-smp ${GUEST_CPUS:-2} -accel tcg,thread=multi"
[ -z "${ICOUNT:-}" ] || cpus="-smp 1 -icount shift=0,sleep=off"
set -- -nodefaults -nographic -no-reboot -serial stdio -m 768 $cpus \
	-kernel "$CROSS/kernel" -initrd "$work/initrd"
boot="quiet panic=-1 rdinit=/init"
# PORT: an emulated machine that boots its kernel
case $arch in
amd64) set -- qemu-system-x86_64 -M q35 -cpu max "$@" -append "console=ttyS0 $boot" ;;
arm64) set -- qemu-system-aarch64 -M virt -cpu cortex-a72 "$@" -append "console=ttyAMA0 $boot" ;;
arm64max) set -- qemu-system-aarch64 -M virt -cpu max,pauth-impdef=on "$@" -append "console=ttyAMA0 $boot" ;;
armhf) set -- qemu-system-arm -M virt -cpu cortex-a15 "$@" -append "console=ttyAMA0 $boot" ;;
# This emulator knows none of the mitigations that the newer machine types promise. With the radix MMU it
# goes on running the old text of a page that was copied: radix.c shows it, and why.
ppc64el) set -- qemu-system-ppc64 -M pseries,cap-cfpc=broken,cap-sbbc=broken,cap-ibs=broken,cap-ccf-assist=off \
	-cpu ${PPC_CPU:-power10} -vga none "$@" -append "console=hvc0 disable_radix $boot" ;;
esac
rm -f "$work/fifo"
mkfifo "$work/fifo"
timeout -k 5 "${GUEST_LIMIT:-1800}" "$@" </dev/null >"$work/fifo" 2>"$work/qemu.log" &
qemu=$!
: >"$work/console"
name='' cr=$(printf '\r')
while IFS= read -r line; do
	line=${line%"$cr"}
	printf '%s\n' "$line" >>"$work/console"
	case $line in
	*"@guest "*) echo "${line#*@guest }" >"$work/kernel" ;;
	"@begin "*)
		name=${line#@begin }
		echo "$name" >"$work/running"
		: >"$work/tap/$name.part"
		;;
	"@ "*) [ -z "$name" ] || printf '%s\n' "${line#@ }" >>"$work/tap/$name.part" ;;
	"@end $name "*)
		sum=${line#"@end $name "}
		sum=${sum#* }
		if [ "$sum" != "$(md5sum <"$work/tap/$name.part")" ]; then
			sed -i 's/^/# /' "$work/tap/$name.part"
			printf 'not ok 1 - the words of the guest arrived whole\n1..1\n' >>"$work/tap/$name.part"
		fi
		: >"$work/running"
		mv "$work/tap/$name.part" "$work/tap/$name.tap"
		name=''
		;;
	esac
done <"$work/fifo"
wait "$qemu"
qemu=''
cat "$work/qemu.log" >>"$work/console"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Installs the Debian packages that building (build), testing (test), the tests with Debian's programs
# (real), the demo (demo), building for other architectures (cross) or testing there (guest), kernel patches and
# their tests (kernel) need, where they are missing. Without root it uses sudo, or says what to install.
set -eu

build="gcc libc6-dev make libelf-dev libdw-dev libcapstone-dev libssl-dev libjansson-dev
	zlib1g-dev liblzma-dev libzstd-dev liblz4-dev"
demo="patch dpkg-dev fakeroot xz-utils procps ca-certificates"
test="$demo perl strace gdb clang clang-format-14 groff-base libc6-dbg git ccache musl-tools"
real="$demo python3"

# PORT: its cross compiler
cross="gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross
	gcc-powerpc64le-linux-gnu libc6-dev-ppc64el-cross gcc-riscv64-linux-gnu libc6-dev-riscv64-cross"
guest="$cross perl cpio qemu-system-x86 qemu-system-arm qemu-system-ppc qemu-system-misc seabios"

# What building parts of a kernel takes.
kernel="patch xz-utils bc bison flex dwarves cpio kmod perl python3-minimal qemu-system-x86 seabios"

case "${1:-build}" in
build) want=$build ;;
demo) want="$build $demo" ;;
test) want="$build $test $guest" ;;
real) want="$build $real" ;;
cross) want="$build $cross" ;;
guest) want="$build $guest" ;;
kernel) want="$build $kernel" ;;
*)
	echo "usage: scripts/deps.sh [build|demo|test|real|cross|guest|kernel]" >&2
	exit 2
	;;
esac

missing=
for p in $want; do
	dpkg-query -W -f='${db:Status-Status}' "$p" 2>/dev/null | grep -qx installed || missing="$missing $p"
done
[ -n "$missing" ] || exit 0

run=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "these packages are missing:$missing" >&2
		echo "as root: apt-get install$missing" >&2
		exit 1
	fi
	run=sudo
fi
echo "installing:$missing"
$run apt-get update -qq
DEBIAN_FRONTEND=noninteractive $run apt-get install -y -qq --no-install-recommends $missing >/dev/null

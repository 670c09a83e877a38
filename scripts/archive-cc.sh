#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The compiler that built the archive, for another architecture: archive-cc.sh DIR ARCH
#
# Debian's cross compiler is not always built from the same source as the archive's own compiler (arm64's
# has another stack protector), and then the code that it makes is not the code that runs. So cc1 itself
# is taken from the archive's package for ARCH and run under user-mode emulation, between the cross
# compiler's driver and assembler. DIR/ARCH/bin/TRIPLET-gcc is the result:
#
#	SUTURE_CROSS_arm64=DIR/arm64/bin suture build --deb redis:arm64 ...
#
# A unit takes ten times as long to compile as with the cross compiler. Needs qemu-user-static and
# gcc-TRIPLET; both are installed where they are missing and we are root.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
arch=$2
triplet=$("$root/scripts/triplet.sh" "$arch")
# PORT: its name in QEMU, for user-mode emulation
case $arch in
armhf) cpu=arm ;;
ppc64el) cpu=ppc64le ;;
arm64) cpu=aarch64 ;;
riscv64)
	echo "Debian 12 has no archive for $arch, so there is no compiler of this version that built it" >&2
	exit 2
	;;
*) cpu=x86_64 ;;
esac
package=gcc-$(echo "$triplet" | tr _ -)
missing=
command -v "qemu-$cpu-static" >/dev/null || missing=qemu-user-static
command -v "$triplet-gcc-12" >/dev/null || missing="$missing $package"
[ -z "$missing" ] || DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing \
	>/dev/null

mkdir -p "$1/$arch"
cd "$1/$arch"
here=$PWD
made=$(cksum <"$root/scripts/archive-cc.sh")
if [ "$(cat ready 2>/dev/null)" != "$made" ]; then
	rm -rf root debs bin
	mkdir -p debs root bin lib
	APT_CONFIG=$("$root/scripts/apt-private.sh" apt "$arch")
	export APT_CONFIG
	apt-get install -qq -y --download-only -o Dir::Cache::archives="$here/debs" cpp-12 libgcc-12-dev \
		libc6-dev >apt.log 2>&1 || {
		cat apt.log >&2
		exit 1
	}
	for f in debs/*.deb; do
		dpkg-deb -x "$f" root
	done
	rm -rf debs
	# The driver looks here for its programs first. Whether an option is known, which kbuild asks a hundred
	# times of an empty file, the cross compiler says as well. It also reads headers, which is half of the time,
	# where it is told all places to look for them (a kernel's).
	native=$("$triplet-gcc-12" -print-prog-name=cc1)
	cat >lib/cc1 <<END
#!/bin/sh
case " \$* " in
*" /dev/null "* | " -E "*" -nostdinc "*) exec '$native' "\$@" ;;
esac
exec qemu-$cpu-static -L '$here/root' '$here/root/usr/lib/gcc/$triplet/12/cc1' "\$@"
END
	for name in gcc gcc-12 cc; do
		cat >"bin/$triplet-$name" <<END
#!/bin/sh
case " \$* " in
*" -nostdinc "*) exec $triplet-gcc-12 -B'$here/lib' -no-integrated-cpp "\$@" ;;
esac
exec $triplet-gcc-12 -B'$here/lib' "\$@"
END
	done
	chmod +x lib/cc1 bin/*
	echo "$made" >ready
fi
echo "$here/bin"

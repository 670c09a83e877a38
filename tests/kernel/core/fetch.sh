#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A Debian kernel and what a module for it is built with: fetch.sh DIR ARCH SERIES [FLAVOUR]
#
# ARCH is Debian's name, SERIES 6.1 or 6.12. Under DIR/ARCH-SERIES/ are then
#
#   kernel      what boots
#   headers/    the distribution's headers, with the tools of this machine (they are host programs)
#   build       a link to the folder that `make -C` takes
#   busybox     the guest's programs
#   release     the kernel's `uname -r`
#
# The newest of the series is taken. Packages are unpacked, never installed; nothing is fetched again.
set -eu

root=$(cd "$(dirname "$0")/../../.." && pwd)
arch=$2 series=$3
# PORT: the flavour of its kernel package, where that is not the name of the architecture
case $arch in
armhf) flavour=armmp ;;
ppc64el) flavour=powerpc64le ;;
*) flavour=$arch ;;
esac
mkdir -p "$1/$arch-$series"
top=$(cd "$1" && pwd)
cd "$top/$arch-$series"
[ ! -e ready ] || exit 0
rm -rf headers image debs build
mkdir -p headers image debs

host=$("$root/scripts/apt-private.sh" "$top/apt-host")
conf=$("$root/scripts/apt-private.sh" "$top/apt-$arch" "$arch")
image=$(APT_CONFIG=$conf apt-cache pkgnames "linux-image-$series." |
	grep -xE "linux-image-$(echo "$series" | sed 's/\./\\./')\.[0-9]+[-+][a-z0-9]+-$flavour" | sort -V | tail -1)
release=${image#linux-image-}
[ -n "$release" ] || {
	echo "no $series kernel for $arch in the archive" >&2
	exit 1
}
common=$(echo "$release" | sed "s/-$flavour\$/-common/")
case $series in
6.1) kbuild=linux-kbuild-6.1 ;;
*) kbuild=linux-kbuild-$(echo "$release" | sed "s/-$flavour\$//") ;;
esac
(cd debs && APT_CONFIG=$conf apt-get download -qq "$image" "linux-headers-$release" "linux-headers-$common" busybox-static)
(cd debs && APT_CONFIG=$host apt-get download -qq "$kbuild")
for f in debs/linux-headers-*.deb debs/linux-kbuild-*.deb; do
	dpkg-deb -x "$f" headers
done
for f in debs/linux-image-*.deb debs/busybox-*.deb; do
	dpkg-deb --fsys-tarfile "$f" |
		tar -x -C image --wildcards './boot/vmlinu*' './bin/busybox' 2>/dev/null || true
done
mv image/boot/vmlinu* kernel
mv image/bin/busybox busybox
# The one absolute path in it.
sed -i "s#include /usr/src#include $PWD/headers/usr/src#" "headers/usr/src/linux-headers-$release/Makefile"
ln -s "headers/usr/src/linux-headers-$release" build
rm -rf image debs
echo "$release" >release
touch ready

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A stock Debian kernel with all that a patch for it is built from: kernel.sh DIR
#
#   root-amd64/         its image, modules, headers and build tools, unpacked
#   linux-source-6.1/   its source, the very version
#
# The newest kernel whose source and image the archive has in one version. Packages are unpacked, never
# installed; nothing is fetched again while DIR/ready is there.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
cd "$1"
[ ! -e ready ] || exit 0
[ ! -e linux-source-6.1/Makefile ] || [ ! -e root-amd64/boot ] || exit 0
rm -rf debs root-amd64 linux-source-6.1
mkdir -p debs root-amd64

APT_CONFIG=$("$root/scripts/apt-private.sh" "$PWD/apt" amd64)
export APT_CONFIG
sources=$(apt-cache madison linux-source-6.1 | awk '{ print $3 }')
image='' version=''
for image in $(apt-cache pkgnames linux-image-6.1. | grep -xE 'linux-image-6\.1\.[0-9]+-[0-9]+-amd64' | sort -rV); do
	version=$(apt-cache show "$image" | sed -n 's/^Version: //p' | head -1)
	if echo "$sources" | grep -qxF "$version"; then break; fi
	version=''
done
[ -n "$version" ] || {
	echo "the archive has no 6.1 kernel with the source of the same version" >&2
	exit 1
}
release=${image#linux-image-}
common=${release%-amd64}-common
echo "fetching: $image $version, its headers and its source (about 220 MB)"
(cd debs && apt-get download -qq "$image=$version" "linux-headers-$release=$version" \
	"linux-headers-$common=$version" "linux-kbuild-6.1=$version" "linux-source-6.1=$version")
for f in debs/linux-image-*.deb debs/linux-headers-*.deb debs/linux-kbuild-*.deb; do
	dpkg-deb -x "$f" root-amd64
done
# The one absolute path in it.
sed -i "s#include /usr/src#include $PWD/root-amd64/usr/src#" "root-amd64/usr/src/linux-headers-$release/Makefile"
echo 'unpacking: the source'
dpkg-deb --fsys-tarfile debs/linux-source-6.1_*.deb | tar -xO ./usr/src/linux-source-6.1.tar.xz | tar -xJ
rm -rf debs
touch ready

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A stock Debian kernel with all that a patch for it is built from: kernel.sh DIR [ARCH [VERSION]]
#
#   root-ARCH/          its image, modules, headers and build tools (those of this machine), unpacked
#   linux-source-6.1/   its source, the very version (with KERNEL_SERIES=6.12: linux-source-6.12/)
#   version             Debian's version of both
#
# kernel.sh DIR source VERSION: that source alone, as linux-source-6.1.N/.
#
# ARCH is Debian's name (amd64). Without VERSION it is what DIR has for another architecture, or else the newest
# whose source and image the archive has. Packages are unpacked, never installed; nothing is fetched twice.
#
# KERNEL_SERIES is 6.1, this Debian's own, or 6.12: of its backports, built with the same compilers.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
arch=${2:-amd64}
series=${KERNEL_SERIES:-6.1}
[ "$series" = 6.1 ] || export APT_SUITE=bookworm-backports
# PORT: the flavour of its kernel package, where that is not the name of the architecture
case $arch in
armhf) flavour=armmp ;;
ppc64el) flavour=powerpc64le ;;
*) flavour=$arch ;;
esac
mkdir -p "$1"
cd "$1"

unpack_source()	# unpack_source VERSION FOLDER
{
	rm -rf debs part "$2"
	mkdir -p debs part
	echo "fetching and unpacking: the source of $1"
	(cd debs && APT_CONFIG=$host apt-get download -qq "linux-source-$series=$1")
	dpkg-deb --fsys-tarfile debs/*.deb | tar -xO "./usr/src/linux-source-$series.tar.xz" | tar -xJ -C part
	mv "part/linux-source-$series" "$2"
	rm -rf debs part
}

if [ "$arch" = source ]; then
	[ -e "linux-source-${3%-*}/Makefile" ] || {
		host=$("$root/scripts/apt-private.sh" "$PWD/apt-host")
		unpack_source "$3" "linux-source-${3%-*}"
	}
	exit 0
fi
[ ! -e "linux-source-$series/Makefile" ] || [ ! -e "root-$arch/boot" ] || exit 0
rm -rf debs part

# "linux-image-6.1.0-50-amd64 6.1.176-1" (or 6.12.95+deb12), a line for each in the archive, the newest first
images()
{
	APT_CONFIG=$conf apt-cache dumpavail | awk -v want="^linux-image-$(echo "$series" | sed 's/\./[.]/')[.][0-9]+[-+][a-z0-9]+-$flavour\$" '
		$1 == "Package:" { p = $2 ~ want ? $2 : "" }
		$1 == "Version:" && p { print p, $2 }' | sort -Vr
}

host=$("$root/scripts/apt-private.sh" "$PWD/apt-host")
conf=$("$root/scripts/apt-private.sh" "$PWD/apt-$arch" "$arch")
version=${3:-$(cat version 2>/dev/null || true)}
sources=$(APT_CONFIG=$host apt-cache madison "linux-source-$series" | awk '$5 != "Sources" { print $3 }')
image=$(images | while read -r name v; do
	[ -z "$version" ] || [ "$v" = "$version" ] || continue
	if echo "$sources" | grep -qxF "$v"; then
		echo "$name $v"
		break
	fi
done)
[ -n "$image" ] || {
	echo "the archive has no $series kernel ${version:+$version }for $arch with the source of the same version" >&2
	exit 1
}
version=${image#* } image=${image% *}
release=${image#linux-image-}
common=${release%-$flavour}-common
kbuild=linux-kbuild-$series
[ "$series" = 6.1 ] || kbuild=linux-kbuild-${release%-$flavour}
mkdir -p debs part
echo "fetching: $image $version and its headers"
(cd debs && APT_CONFIG=$conf apt-get download -qq "$image=$version" "linux-headers-$release=$version" \
	"linux-headers-$common=$version" && APT_CONFIG=$host apt-get download -qq "$kbuild=$version")
for f in debs/*.deb; do
	dpkg-deb -x "$f" part
done
# The one absolute path in it.
sed -i "s#include /usr/src#include $PWD/root-$arch/usr/src#" "part/usr/src/linux-headers-$release/Makefile"
rm -rf "root-$arch" debs
mv part "root-$arch"
if [ ! -e "linux-source-$series/Makefile" ]; then
	unpack_source "$version" "linux-source-$series"
	echo "$version" >version
fi

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What building and running for another architecture takes, unpacked under DIR/ARCH: cross.sh DIR ARCH
#
#   sysroot/   Debian's own libraries of ARCH: to link against statically, and to boot with
#   kernel     the newest Debian 12 kernel of ARCH, with busybox and strace beside it
#              (riscv64: all of Debian 13, the first that has it; see below)
#   sources    the source packages of the libraries that a static program has in it
#   bin/ld     a linker for them, where this machine's is too old
#
# ARCH is Debian's name: amd64, arm64, armhf, ppc64el, riscv64. Packages are unpacked, never installed. A file
# `ready` names what is there; nothing is fetched again while it says the same.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
arch=$2
triplet=$("$root/scripts/triplet.sh" "$arch")
# PORT: the flavour of its kernel package, where that is not the name of the architecture
case $arch in
armhf) flavour=armmp ;;
ppc64el) flavour=powerpc64le ;;
*) flavour=$arch ;;
esac
# Debian 12 has no riscv64.
suite='' series=6.1
[ "$arch" != riscv64 ] || suite=trixie series=6.12
mkdir -p "$1/$arch"
cd "$1/$arch"

want="libc6 libc6-dev linux-libc-dev libgcc-s1 libelf-dev libdw-dev libcapstone-dev libssl-dev
	libjansson-dev zlib1g-dev libbz2-dev liblzma-dev libzstd-dev liblz4-dev strace"
want=$(echo $want)
{ [ "$(cat ready 2>/dev/null)" != "$want" ] || [ ! -e sources ]; } || exit 0
rm -rf ready sysroot strace kernel busybox image debs
mkdir -p debs

APT_CONFIG=$("$root/scripts/apt-private.sh" apt "$arch" $suite)
export APT_CONFIG
# Resolved on an empty machine, so what the libraries depend on is found by apt, not listed here.
apt-get install -qq -y --download-only -o Dir::Cache::archives="$PWD/debs" $want >apt.log 2>&1 || {
	cat apt.log >&2
	rm -f apt/ready
	exit 1
}
image=$(apt-cache pkgnames "linux-image-$series." | grep -xE "linux-image-$series\.[0-9]+[-+][a-z0-9]+-$flavour" |
	sort -V | tail -1)
mkdir image
(cd image && apt-get download -qq "${image:?no $series kernel in the archive}" busybox-static)

mkdir sysroot
for f in debs/*.deb; do
	# The C library and what links with it; programs and documents are of no use here.
	dpkg-deb --fsys-tarfile "$f" | tar -x -C sysroot --exclude='./usr/share/*' --exclude='./usr/bin/*' \
		--exclude='./usr/sbin/*' --exclude='./etc/*' --exclude='./var/*'
done
dpkg-deb --fsys-tarfile debs/strace_*.deb | tar -xO ./usr/bin/strace >strace
chmod 755 strace
# A package without a Source field is its own source; some name another version of it in brackets.
for f in debs/*.deb; do
	case ${f##*/} in
	libc6-dev_* | libelf-dev_* | libdw-dev_* | libcapstone-dev_* | libssl-dev_* | libjansson-dev_* | \
		zlib1g-dev_* | libbz2-dev_* | liblzma-dev_* | libzstd-dev_* | liblz4-dev_*)
		dpkg-deb -W --showformat='${source:Package} (= ${source:Version})\n' "$f"
		;;
	esac
done | sort -u | paste -sd, | sed 's/,/, /g' >sources
# In Debian 13 the files of /lib are in /usr/lib, to which another package has the link.
[ -e sysroot/lib ] || ln -s usr/lib sysroot/lib
# Absolute links would lead out of it.
find sysroot -type l -lname '/*' | while read -r l; do
	to=$(readlink "$l")
	ln -sfn "$(realpath -m --relative-to="$(dirname "$l")" "sysroot$to")" "$l"
done
for f in image/*.deb; do
	dpkg-deb --fsys-tarfile "$f" | tar -x -C image --wildcards './boot/vmlinu*' '*/bin/busybox' 2>/dev/null || true
done
mv image/boot/vmlinu* kernel
mv image/bin/busybox busybox 2>/dev/null || mv image/usr/bin/busybox busybox
rm -rf image debs
# Its libraries name extensions of instructions, and have relocations, that this Debian's linker does not know.
rm -rf binutils bin
if [ -n "$suite" ]; then
	"$root/scripts/suite-binutils.sh" binutils "$suite" "binutils-$triplet"
	mkdir bin
	printf '#!/bin/sh\nexec "%s/binutils/run" %s-ld "$@"\n' "$PWD" "$triplet" >bin/ld
	chmod 755 bin/ld
fi
lib=sysroot/usr/lib/$triplet
if nm "$lib/libelf.a" 2>/dev/null | grep -q 'U eu_tsearch$'; then
	"$triplet-gcc" -O2 -c -o eu-search.o "$root/scripts/eu-search.c"
	binutils/run "$triplet-ar" qs "$lib/libelf.a" eu-search.o
	rm eu-search.o
fi
[ -e "$lib/libc.a" ]
[ -s sources ] && [ -s kernel ] && [ -s busybox ] && [ -s strace ]
echo "$want" >ready

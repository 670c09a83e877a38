#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A small kernel with CONFIG_LIVEPATCH for an architecture whose stock kernels have none, built of Debian's
# source: kernel-livepatch.sh DIR ARCH [SOURCE]
#
#   root-ARCH/      its image, modules and headers (the folder it was built in), as scripts/kernel.sh has them
#   linux-source    leads to its source
#   build-ARCH/     where it is built; log: what make says
#
# ARCH is Debian's name. Without SOURCE the source is fetched: of the oldest Linux in trixie's backports that has
# livepatch for arm64, which came with 6.17. The configuration is tests/kernel/config: what the tests need. It takes
# 500 seconds of processor time and 145 MB (and 1.8 GB for a source of its own); what is built already stays.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
config=$root/tests/kernel/config
arch=$2
# PORT: what Linux calls it, its image as make's target, and as a file, and how it is called in /boot
case $arch in
arm64) kbuild=arm64 image=Image.gz file=arch/arm64/boot/Image.gz boot=vmlinuz ;;
ppc64el) kbuild=powerpc image=vmlinux file=vmlinux boot=vmlinux ;;
*) echo "no configuration for $arch" >&2; exit 1 ;;
esac
[ -z "${3:-}" ] || source=$(cd "$3" && pwd)
mkdir -p "$1"
cd "$1"
dir=$PWD

# Sets $source
fetch()
{
	source=$(ls -d "$dir"/linux-source-* 2>/dev/null | head -1)
	[ -z "$source" ] || return 0
	conf=$("$root/scripts/apt-private.sh" "$dir/apt" '' trixie-backports)
	name=$(APT_CONFIG=$conf apt-cache --names-only search '^linux-source-[0-9.]*$' | sed 's/ .*//' |
		(cat && echo linux-source-6.17-) | sort -V | sed '1,/6[.]17-$/d; q')
	[ -n "$name" ] || {
		echo "trixie's backports have no source of Linux 6.17 or later" >&2
		exit 1
	}
	rm -rf debs part
	mkdir -p debs part
	echo "fetching and unpacking: $name"
	(cd debs && APT_CONFIG=$conf apt-get download -qq "$name")
	dpkg-deb --fsys-tarfile debs/*.deb | tar -xO "./usr/src/$name.tar.xz" | tar -xJ -C part
	source=$dir/$name
	mv "part/$name" "$source"
	rm -rf debs part
}
[ -n "${3:-}" ] || fetch
sum="$source $(cat "$config/common" "$config/$arch" | sha256sum)"
[ ! -e "root-$arch/built" ] || [ "$(cat "root-$arch/built")" != "$sum" ] || exit 0

out=$dir/build-$arch
cross=$("$root/scripts/triplet.sh" "$arch")-
run()
{
	nice make -C "$source" ARCH=$kbuild CROSS_COMPILE="$cross" O="$out" "$@" >>"$dir/log" 2>&1 || {
		tail -20 "$dir/log" >&2
		exit 1
	}
}
rm -rf "root-$arch" part
mkdir -p "$out"
ln -sfn "$source" linux-source
: >log
grep -hv '^#' "$config/common" "$config/$arch" >"$out/wanted"
# All that is not named there is off, where the source allows it.
run KCONFIG_ALLCONFIG="$out/wanted" allnoconfig
missing=$(grep -vxFf "$out/.config" "$out/wanted") || true
[ -z "$missing" ] || {
	printf 'this source does not have:\n%s\n' "$missing" >&2
	exit 1
}
release=$(make -s -C "$source" ARCH=$kbuild CROSS_COMPILE="$cross" O="$out" kernelrelease)
echo "building: Linux $release for $arch, log in $dir/log"
run -j"$(nproc)" $image modules
run INSTALL_MOD_PATH="$dir/part" modules_install
mkdir -p part/boot part/usr/src
cp "$out/$file" "part/boot/$boot-$release"
cp "$out/.config" "part/boot/config-$release"
ln -s "$out" "part/usr/src/linux-headers-$release"
mv part "root-$arch"
echo "$sum" >"root-$arch/built"

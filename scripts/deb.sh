#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes a .deb of what `make install` put into a folder: deb.sh STAGE ARCH VERSION SOURCES OUT.deb
# SOURCES names what is linked in (Built-Using). DEBFULLNAME and DEBEMAIL say who made the package,
# SOURCE_DATE_EPOCH when: the same input gives the same file.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
stage=$1 arch=$2 version=$3 sources=$4 out=$5
doc=$stage/usr/share/doc/suture
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
who="${DEBFULLNAME:-Suture developers} <${DEBEMAIL:-suture@packages.invalid}>"
date=$(LC_ALL=C date -u -R -d "@$SOURCE_DATE_EPOCH")

# A library for programmers is another package; the licence is in the copyright file.
rm -rf "$stage/usr/lib" "$stage/usr/include" "$doc/LICENSE"
"$("$root/scripts/triplet.sh" "$arch")-strip" --remove-section=.comment --remove-section=.note "$stage/usr/bin/suture"
mkdir -p "$stage/DEBIAN" "$stage/usr/share/lintian/overrides"
install -m 644 "$root/packaging/copyright" "$doc/copyright"
install -m 644 "$root/packaging/lintian-overrides" "$stage/usr/share/lintian/overrides/suture"
sed "s/@VERSION@/$version/; s/@MAINTAINER@/$who/; s/@DATE@/$date/" "$root/packaging/changelog.in" >"$doc/changelog"
find "$stage/usr/share/man" "$doc/changelog" "$doc/NEWS.md" -type f -exec gzip -9n {} +
# Every file of a package is listed with its sum.
(cd "$stage" && find usr -type f | LC_ALL=C sort | xargs md5sum) >"$stage/DEBIAN/md5sums"
size=$(du -sk --apparent-size "$stage/usr" | cut -f1)
sed "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@MAINTAINER@/$who/; s/@SIZE@/$size/; s/@SOURCES@/$(cat "$sources")/" \
	"$root/packaging/control.in" >"$stage/DEBIAN/control"
chmod 644 "$stage"/DEBIAN/*
find "$stage" -type d -exec chmod 755 {} +
find "$stage" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
dpkg-deb --root-owner-group -Zxz --build "$stage" "$out" >/dev/null

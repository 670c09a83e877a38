#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A private apt configuration with source packages, made from the system's own sources: nothing of the
# system is changed. Usage: debsrc.sh DIR source NAME=VERSION | binary NAME=VERSION ...
# Downloads into the current folder.
set -eu

dir=$1
what=$2
shift 2

mkdir -p "$dir/sources" "$dir/lists/partial" "$dir/cache/archives/partial"
dir=$(cd "$dir" && pwd)
conf=$dir/apt.conf
cat >"$conf" <<EOF
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$dir/sources";
Dir::State::lists "$dir/lists";
Dir::Cache "$dir/cache";
Acquire::Languages "none";
APT::Sandbox::User "root";
EOF

if [ ! -e "$dir/ready" ]; then
	rm -f "$dir"/sources/*
	for f in /etc/apt/sources.list.d/*.sources; do
		[ -e "$f" ] || continue
		# Debian's own archives only: others may have no sources.
		if grep -q '^URIs:.*debian' "$f" && grep -q '^Suites:.*bookworm' "$f"; then
			sed 's/^Types:.*/Types: deb deb-src/' "$f" >"$dir/sources/$(basename "$f")"
		fi
	done
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -e "$f" ] || continue
		n=$(basename "$f" .list)
		grep -E '^deb[[:space:]].*debian.*bookworm' "$f" |
			sed -n 'p; s/^deb\([[:space:]]\)/deb-src\1/p' >"$dir/sources/own-$n.list" || true
	done
	APT_CONFIG=$conf apt-get update -qq
	touch "$dir/ready"
fi

export APT_CONFIG="$conf"
case $what in
source) apt-get source -qq --download-only "$@" ;;
binary) apt-get download -qq "$@" ;;
*) exit 2 ;;
esac

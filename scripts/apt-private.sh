#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A private apt configuration, made from the system's own sources: nothing of the system is read but
# those, nothing is changed. Usage: apt-private.sh DIR [ARCH [SUITE]]; prints the path of the configuration.
# With SUITE it has that suite alone; APT_SUITE is one more ("bookworm-backports"), of which nothing is taken unasked.
#
# Without ARCH it has source packages too. With ARCH apt believes that it runs on an empty machine of
# that architecture. (Adding the architecture to the system's own status fails whenever an archive has a
# library in different versions for two architectures, as it has while a security update spreads.)
set -eu

mkdir -p "$1/sources" "$1/lists/partial" "$1/cache/archives/partial"
dir=$(cd "$1" && pwd)
arch=${2:-}
suite=${3:-}
conf=$dir/apt.conf
cat >"$conf" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$dir/sources";
Dir::State::lists "$dir/lists";
Dir::Cache "$dir/cache";
Acquire::Languages "none";
Acquire::Retries "3";
APT::Sandbox::User "root";
END
if [ -n "$arch" ]; then
	: >"$dir/status"
	cat >>"$conf" <<END
Dir::State::status "$dir/status";
APT::Architecture "$arch";
APT::Architectures { "$arch"; };
APT::Install-Recommends "false";
END
fi

if [ ! -e "$dir/ready" ]; then
	rm -f "$dir"/sources/*
	# Debian's own archives only: others may have no sources, and no other architecture.
	for f in /etc/apt/sources.list.d/*.sources; do
		[ -e "$f" ] || continue
		if grep -q '^URIs:.*debian' "$f" && grep -q '^Suites:.*bookworm' "$f"; then
			if [ -n "$arch" ]; then
				sed '/^Architectures:/d; s/^Types:.*/Types: deb/' "$f"
			else
				sed 's/^Types:.*/Types: deb deb-src/' "$f"
			fi >"$dir/sources/$(basename "$f")"
		fi
	done
	for f in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -e "$f" ] || continue
		n=$(basename "$f" .list)
		grep -E '^deb[[:space:]].*debian.*bookworm' "$f" |
			if [ -n "$arch" ]; then
				sed 's/\([[ ]\)arch=[^] ]*/\1/; s/\[ *\]//'
			else
				sed -n 'p; s/^deb\([[:space:]]\)/deb-src\1/p'
			fi >"$dir/sources/own-$n.list" || true
	done
	mirror=$(sed -n 's/^URIs: *\(.*debian\)\/*$/\1/p; s/^deb .*\(http[^ ]*debian\)\/* .*/\1/p' \
		"$dir"/sources/* | head -1)
	[ -z "$suite" ] || rm -f "$dir"/sources/*
	more=${suite:-${APT_SUITE:-}}
	[ -z "$more" ] || echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $more main" \
		>"$dir/sources/more.list"
	# A mirror in the middle of an update may have no good index of one suite. What the others have is
	# whole for one architecture, and whether it is enough the caller sees: it then removes `ready`.
	if ! APT_CONFIG=$conf apt-get update -qq 2>"$dir/update.log"; then
		cat "$dir/update.log" >&2
		[ -n "$arch" ] || exit 1
		echo "going on without these indexes" >&2
	fi
	touch "$dir/ready"
fi
echo "$conf"

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes docs/tests.md from what runs of the live tests said: gen-table.sh HOST-TAP-FOLDER GUEST-FOLDER
# A test that failed, or of which nothing is known on some architecture, is an error: there are no holes.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
host=$1 guests=$2
bad=0 notes=0
reasons=$(mktemp)
trap 'rm -f "$reasons"' EXIT

tap_of()	# tap_of ARCH NAME
{
	case $1 in
	host) echo "$host/$2@default.tap" ;;
	*) echo "$guests/$1/tap/$2@default.tap" ;;
	esac
}

# Sets $cell: yes, or the number of the reason why there is nothing to test.
look()	# look ARCH NAME
{
	tap=$(tap_of "$1" "$2")
	cell=yes
	if [ ! -s "$tap" ]; then
		cell="?"
		echo "$2: no result on $1" >&2
		bad=1
	elif grep -q '^not ok' "$tap"; then
		cell=failed
		echo "$2: failed on $1" >&2
		bad=1
	elif why=$(sed -n 's/^1\.\.0 # SKIP //p' "$tap") && [ -n "$why" ]; then
		n=$(grep -nxF "$why" "$reasons" | cut -d: -f1)
		if [ -z "$n" ]; then
			echo "$why" >>"$reasons"
			notes=$((notes + 1))
			n=$notes
		fi
		cell="($n)"
	# The plan is the last thing that a test says.
	elif ! grep -q '^1\.\.[1-9]' "$tap"; then
		cell=failed
		echo "$2: stopped half way on $1" >&2
		bad=1
	fi
}

cat <<END
# Live tests

\`make live guests docs-tests\` makes this page from the results. A test patches a running program and asks it
questions before, between and after. The sources and the questions are the same everywhere; on arm64, arm and
ppc64le they run in an emulated machine that boots Debian's own kernel, after the program was cross-compiled and
the patch was built on an x86-64 machine. A number in place of "yes" leads to the reason at the end.

| Test | What it is about | x86-64 | arm64 | arm | ppc64le |
|---|---|---|---|---|---|
END
for t in "$root"/tests/live/*/test; do
	name=$(basename "$(dirname "$t")")
	# Those that need minutes, and are run by name.
	[ ! -e "${t%/test}/prepare" ] || continue
	# The comment behind the licence, up to the first line that is none.
	about=$(sed -n '2,${/^#/!q;s/^# *//p}' "$t" | tr '\n' ' ' | sed 's/|/\\|/g; s/ $//')
	row="| \`$name\` | $about |"
	for a in host arm64 armhf ppc64el; do
		look "$a" "$name"
		row="$row $cell |"
	done
	echo "$row"
done
if [ -s "$reasons" ]; then
	printf '\n## Where there is nothing to test\n\n'
	n=0
	while read -r why; do
		n=$((n + 1))
		echo "$n. $why"
	done <"$reasons"
fi
printf '\n## The machines\n\n'
for a in arm64 armhf ppc64el; do
	[ ! -s "$guests/$a/kernel" ] || echo "- $a: $(cat "$guests/$a/kernel")"
done
exit $bad

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Makes pages of docs/ from what runs of tests said:
#   gen-table.sh live HOST-TAP-FOLDER GUEST-FOLDER	tests.md
#   gen-table.sh kernel KERNEL-WORK-FOLDER [6.12]	kernel-tests.md, or of that series kernel-tests-6.12.md
# A test that failed, or of which nothing is known on some architecture, is an error: there are no holes.
set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
page=$1
shift
bad=0 notes=0
reasons=$(mktemp)
trap 'rm -f "$reasons"' EXIT

tap_of()	# tap_of ARCH NAME
{
	case $page-$1 in
	kernel-*) echo "$guests/$1/tap/$2.tap" ;;
	live-host) echo "$host/$2@default.tap" ;;
	live-*) echo "$guests/$1/tap/$2@default.tap" ;;
	esac
}

# The comment behind the licence, up to the first line that is none.
about()	# about FILE
{
	sed -n '2,${/^#/!q;s/^# *//p}' "$1" | tr '\n' ' ' | sed 's/|/\\|/g; s/ $//'
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
	elif why=$(sed -n 's/^1\.\.0 # SKIP //p; s/^ok 1 - [^#]* # SKIP //p' "$tap") && [ -n "$why" ]; then
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

rows()	# rows ARCH... -- FOLDER...
{
	archs=''
	while [ "$1" != -- ]; do
		archs="$archs $1"
		shift
	done
	shift
	for d; do
		name=$(basename "$d")
		t=$d/test
		[ -e "$t" ] || t=$d/host
		row="| \`$name\` | $(about "$t") |"
		for a in $archs; do
			look "$a" "$name"
			row="$row $cell |"
		done
		echo "$row"
	done
}

live_page()
{
	cat <<END
# Live tests

\`make live guests guest-riscv64 docs-tests\` makes this page from the results. A test patches a running program and asks it
questions before, between and after. The sources and the questions are the same everywhere; on arm64, arm, ppc64le
and riscv64 they run in an emulated machine that boots Debian's own kernel, after the program was cross-compiled and
the patch was built on an x86-64 machine. A number in place of "yes" leads to the reason at the end.

| Test | What it is about | x86-64 | arm64 | arm | ppc64le | riscv64 |
|---|---|---|---|---|---|---|
END
	set --
	for t in "$root"/tests/live/*/test; do
		# Those that need minutes, and are run by name.
		[ -e "${t%/test}/prepare" ] || set -- "$@" "${t%/test}"
	done
	rows host arm64 armhf ppc64el riscv64 -- "$@"
}

kernel_page()
{
	goal=test-kernels${series:+-$series} number=${series:+ $series}
	cat <<END
# Tests of kernel patches${series:+ on Linux $series}

\`make $goal docs-tests\` makes this page from the results. Each patch is built from a diff on an x86-64 machine,
without building a kernel, and applied to Debian's stock kernel$number in an emulated machine: by the kernel's own livepatch
on x86-64, by [Suture's module](kernel-core.md) on the others. A number in place of "yes" leads to the reason at the end.

| Test | What it is about | x86-64 | arm64 | arm | ppc64le |
|---|---|---|---|---|---|
END
	rows amd64 arm64 armhf ppc64el -- "$root"/tests/kernel/cases/*
}

case $page in
live) host=$1 guests=$2 machines='arm64 armhf ppc64el riscv64' && live_page ;;
kernel) guests=$1 series=${2:-} machines='amd64 arm64 armhf ppc64el' && kernel_page ;;
esac
if [ -s "$reasons" ]; then
	printf '\n## Where there is nothing to test\n\n'
	n=0
	while read -r why; do
		n=$((n + 1))
		echo "$n. $why"
	done <"$reasons"
fi
printf '\n## The machines\n\n'
for a in $machines; do
	[ ! -s "$guests/$a/kernel" ] || echo "- $a: $(cat "$guests/$a/kernel")"
done
exit $bad

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fixes of the kernel's stable history, built for a stock kernel and applied to it under load: fixes.sh [FIX]..., as
# TAP. Makes a case of each line of fixes/list and leaves the rest to run.sh, whose settings count here too.
#
#   KERNEL       what scripts/kernel.sh made of the older version (build/kernel-6.1.176), and linux-source-6.1.192
#   KERNEL_WORK  the table of what was seen is left there: AMD64/fixes.md
set -u

dir=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$dir/../.." && pwd)
arch=${KERNEL_ARCH:-amd64}
export KERNEL="${KERNEL:-$root/build/kernel-6.1.176}" KERNEL_WORK="${KERNEL_WORK:-$root/build/kernel-work}"
old=$KERNEL/linux-source-6.1 new=$KERNEL/linux-source-6.1.192
work=$KERNEL_WORK/$arch
export KERNEL_CASES_DIR="$KERNEL_WORK/fixes" KERNEL_LIMIT="${KERNEL_LIMIT:-3600}"
tab=$(printf '\t')

module_file() { find "$KERNEL/root-$arch/lib/modules" -name "$1.ko" -o -name "$(echo "$1" | tr _ -).ko" | head -1; }

order()	# order MODULE: itself after all that it depends on, as file names without .ko
{
	file=$(module_file "$1")
	[ -n "$file" ] || return 0
	for d in $(tr '\0' '\n' <"$file" | sed -n 's/^depends=//p' | tr ',' ' '); do
		(order "$d")
	done
	basename "$file" .ko
}

make_case()	# make_case FIX CVES FILES MODULES LOAD ABOUT
{
	case=$KERNEL_CASES_DIR/$1
	mkdir -p "$case"
	for f in $(echo "$3" | tr ',' ' '); do
		diff -u --label "a/$f" --label "b/$f" "$old/$f" "$new/$f"
	done >"$case/new"
	# What was built stays as long as it is the same.
	cmp -s "$case/new" "$case/$1.patch" || mv "$case/new" "$case/$1.patch"
	rm -f "$case/new"
	cves=$(echo "$2" | tr ',' ' ')
	for c in $cves; do
		echo "--cve $c"
	done >"$case/$1.opts"
	[ "$4" = - ] || for m in $(echo "$4" | tr -d + | tr ',' ' '); do
		order "$m"
	done | awk '!seen[$0]++' >"$case/needs"
	echo "fix='$1' cves='$cves' modules='$(cat "$case/needs" 2>/dev/null | tr '\n' ' ')' load='$(echo "$5" |
		tr ',' ' ' | sed 's/^-$//')'" >"$case/fix"
	echo 'cp "$from/fix" .' >"$case/prepare"
	cp "$dir/fixes/test" "$case/test"
}

row()	# row FIX CVES FILES MODULES LOAD ABOUT: a line of the table
{
	log=$work/patches/$1.$1.log results=$work/results/$1
	said() { grep -q "^ok - $1: $2" "$results" && echo yes || echo '**no**'; }
	echo "| $1: $6 | $(echo "$2" | sed 's/,/, /g') | $(sed -n 's/^  changed   \([^ ]*\) .*/`\1`/p' "$log" | sort -u |
		paste -sd, | sed 's/,/, /g') | $(echo "$4" | sed 's/,.*//; s/^-$/the kernel/') | $(sed -n \
		's/^built .* in \([0-9.]*\) s.*/\1/p' "$log") | $(said "$1" "$1 is applied") | $(said "$1" "$1 is reverted") |"
}

wanted() { [ -z "$only" ] || case " $only " in *" $1 "*) ;; *) return 1 ;; esac; }

only=$*
rm -f "$KERNEL_CASES_DIR"/*/needs
names=''
grep -v '^#' "$dir/fixes/list" >"$KERNEL_WORK/fixes.list"
while IFS="$tab" read -r fix cves files modules load about; do
	wanted "$fix" || continue
	make_case "$fix" "$cves" "$files" "$modules" "$load" "$about"
	names="$names $fix"
done <"$KERNEL_WORK/fixes.list"
"$dir/run.sh" $names
status=$?
{
	echo '| Fix | CVE | Functions | In | Build, s | Applied | Reverted |'
	echo '|---|---|---|---|---:|---|---|'
	while IFS="$tab" read -r fix cves files modules load about; do
		wanted "$fix" && row "$fix" "$cves" "$files" "$modules" "$load" "$about"
	done <"$KERNEL_WORK/fixes.list"
} >"$work/fixes.md"
exit $status

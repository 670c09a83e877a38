#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The structure of the source, as TAP: one-way includes, and what belongs to one layer alone.
# Usage: tests/check-layers.sh [FOLDER with src/ and include/]

cd "${1:-.}" || exit 1
layers='base elf target unwind patch build proc apply kernel lib cli'
n=0
bad=0

# report NAME FINDINGS: a check passes when nothing was found.
report()
{
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		bad=$((bad + 1))
		echo "not ok $n - $1"
		echo "$2" | sed 's/^/#   /'
	fi
}

sources=$(find src include -name '*.[ch]' | sort)
[ -n "$sources" ] || { echo "Bail out! no sources here"; exit 1; }

# Includes of "LAYER/..." must not name a later layer. Code that runs elsewhere is outside of the order.
allowed=
for layer in $layers; do
	allowed="$allowed $layer"
	found=
	for f in $(find "src/$layer" -name '*.[ch]' ! -path 'src/kernel/glue/*' ! -path 'src/kernel/core/*' 2>/dev/null | sort); do
		for inc in $(sed -n 's/^[[:space:]]*#[[:space:]]*include "\([^"]*\)".*/\1/p' "$f"); do
			top=${inc%%/*}
			case " $allowed suture gen native_arch.h " in
			*" $top "*) ;;
			*) found="$found$f includes \"$inc\"
" ;;
			esac
		done
	done
	report "src/$layer includes only:$allowed" "$found"
done

found=$(grep -n 'include "' src/cli/*.[ch] | grep -v '"cli/\|"suture/')
report "the command line sees the library's header only" "$found"

# PORT: the names that its compiler defines: none may stand outside of native/
arch='__x86_64__|__i386__|__aarch64__|__arm__|__powerpc|__powerpc64__|__ppc64__|__thumb|__riscv'
found=$(echo "$sources" | grep -v '^src/proc/native/\|^src/runtime/' |
	xargs grep -nE "^[[:space:]]*#[[:space:]]*(if|ifdef|ifndef|elif).*($arch)")
report "no architecture #if outside of src/proc/native and src/runtime" "$found"

# snprintf and friends write to memory; wrapper.c is a program of its own (wrapper.h says so).
found=$(echo "$sources" | grep -v '^src/cli/\|^src/build/wrapper\.c\|^include/' |
	xargs grep -nE '(^|[^a-z_])(printf|fprintf|vprintf|vfprintf|puts|putchar|fputs|perror|exit|errx?|warnx?)\(' |
	grep -vE '^[^:]*:[0-9]+:[[:space:]]*(\*|/\*|//)' |
	grep -vE '__attribute__|_exit\(|^src/base/util\.c:[0-9]+:.*(fprintf\(stderr|abort)')
report "no printing and no exit() below the command line" "$found"

found=$(for f in $sources; do
	lines=$(wc -l <"$f")
	[ "$lines" -le 700 ] || echo "$f has $lines lines"
done)
report "no file is longer than 700 lines" "$found"

found=$(for f in $(find src include tests -name '*.[chS]' -o -name '*.sh' | grep -v '^tests/golden/'); do
	head -2 "$f" | grep -q 'SPDX-License-Identifier:' || echo "$f"
done)
report "every file begins with its SPDX line" "$found"

echo "1..$n"
[ "$bad" -eq 0 ]

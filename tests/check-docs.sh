#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The documents against the program, as TAP. Usage: tests/check-docs.sh [PATH-OF-SUTURE]

suture=${1:-${SUTURE:-build/suture}}
n=0
bad=0

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

commands=$("$suture" help | sed -n 's/^  \([a-z][a-z]*\)  *[a-z].*/\1/p')
[ -n "$commands" ] || { echo "Bail out! '$suture help' lists no commands"; exit 1; }

found=$(for c in $commands; do [ -f "man/suture-$c.1" ] || echo "man/suture-$c.1 is missing"; done)
report "a man page for each command" "$found"

# Every long option of the help text is in the man page and in the completion.
found=$(for c in $commands; do
	for o in $("$suture" help "$c" | grep -o -- '--[a-z][a-z-]*' | sort -u); do
		esc=$(echo "$o" | sed 's/-/\\\\-/g')
		grep -q -- "$esc" "man/suture-$c.1" || echo "man/suture-$c.1 lacks $o"
		grep -q -- "$o" completions/suture.bash || echo "the completion lacks $o of $c"
	done
done)
report "man pages and completion have every option" "$found"

found=$(for c in $commands; do
	grep -q "\\b$c\\b" completions/suture.bash || echo "$c"
done)
report "the completion lists every command" "$found"

tmp=$(mktemp) || exit 1
tests/gen-codes.sh "$suture" >"$tmp"
report "docs/codes.md is up to date (make docs)" "$(diff docs/codes.md "$tmp" | head -5)"
rm -f "$tmp"

found=$(grep -rlw 'PORT:' src tests scripts Makefile | grep -v '^tests/check-docs' | while read -r f; do
	grep -qF "\`$f\`" docs/porting.md || echo "$f"
done)
report "docs/porting.md names every place that lists architectures" "$found"

found=$("$suture" explain | cut -d' ' -f1 | sort | uniq -d)
report "no code is used twice" "$found"

found=$("$suture" explain | cut -d' ' -f1 | while read -r c; do
	"$suture" explain "$c" | grep -q 'What to do:' || echo "$c"
done)
report "every code's page says what to do" "$found"

functions=$(sed -n 's/^SUT_API.*[ *]\(sut_[a-z_]*\)(.*/\1/p' include/suture/suture.h)
found=$(for f in $functions; do
	grep -q "\`$f\`" docs/library.md || echo "$f"
done)
report "docs/library.md has every public function" "$found"

found=$(grep -o '"[a-z_0-9]*": {' docs/schema.json | cut -d'"' -f2 | sort -u |
	grep -vE '^(properties|items|if|then|command_[a-z]+|_defs)$' | while read -r k; do
	grep -qE "[\`.]$k\`|^### $k\$" docs/json.md || echo "$k"
done)
report "docs/json.md has every key of the schema" "$found"

found=$(grep -ho '](\([^)#:]*\.[a-z]*\))' docs/*.md | sed 's/](\(.*\))/\1/' | sort -u | while read -r f; do
	[ -e "docs/$f" ] || echo "docs/$f"
done
grep -ho '](\([^)#:]*\))' README.md CONTRIBUTING.md | sed 's/](\(.*\))/\1/' | sort -u | while read -r f; do
	[ -e "$f" ] || echo "$f"
done)
report "no link leads nowhere" "$found"

n=$((n + 1))
if command -v groff >/dev/null; then
	found=$(for m in man/*; do groff -ww -man -Tutf8 "$m" 2>&1 >/dev/null; done)
	n=$((n - 1))
	report "man pages format without a warning" "$found"
else
	echo "ok $n - man pages format without a warning # SKIP groff is not installed"
fi

echo "1..$n"
[ "$bad" -eq 0 ]

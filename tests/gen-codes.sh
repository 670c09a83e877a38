#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Writes docs/codes.md to standard output. Usage: tests/gen-codes.sh PATH-OF-SUTURE

suture=${1:?usage: gen-codes.sh PATH-OF-SUTURE}
cat <<'END'
# Codes

Every refusal and every error has a code that never changes its meaning. This page is made by
`make docs` from the same text that `suture explain CODE` prints.

Classes: *refusal* (blocked for safety, nothing changed, exit status 3), *environment* (the machine or
the input is at fault, 4), *usage* (the command line is at fault, 2), *bug* (Suture is at fault, 4).
END
"$suture" explain | cut -d' ' -f1 | LC_ALL=C sort | while read -r code; do
	"$suture" explain "$code" | sed -e '1s/^\(SUT-[A-Z][0-9]*\)  \(.*\)  \[\([a-z]*\)\]$/\n## \1: \2\n\n*\3*/' \
		-e 's/</\&lt;/g'
done

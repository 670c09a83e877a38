# SPDX-License-Identifier: GPL-2.0-or-later
# What tests of odd source trees are made of. Each test works in a folder of its own: the tree is in
# src/, a fresh copy of it that was compiled (what runs) in made/, patches beside them.

root=$(cd "$(dirname "$0")/../.." && pwd)
SUTURE=${SUTURE:-$root/build/suture}
. "$root/tests/lib/tap.sh"
top=$(mktemp -d "${TMPDIR:-/tmp}/suture-tree-XXXXXX") || exit 1
tap_out=$top/tap.out
XDG_CACHE_HOME=$top/cache
export XDG_CACHE_HOME
unset MAKEFLAGS MFLAGS MAKELEVEL CC CFLAGS LDFLAGS

not()
{
	! "$@"
}

have()	# have PROGRAM TEXT: skips TEXT where the program is not installed
{
	command -v "$1" >/dev/null && return
	skip "$2" "$1 is not installed"
	return 1
}

tap_leave()
{
	cd /
	chmod -R u+w "$top" 2>/dev/null
	[ -n "${KEEP:-}" ] && echo "# kept: $top" || rm -rf "$top"
}

# A folder for the next case, with a small program in src/.
project()	# project NAME
{
	mkdir -p "$top/$1/src" && cd "$top/$1" || exit 1
	cat >src/h.h <<'END'
extern int calls;
int answer(int n);
int helper(int n);
static inline int scale(int n)
{
	return n * 3 + calls;
}
END
	cat >src/main.c <<'END'
#include <stdio.h>
#include "h.h"
int calls;
int main(void)
{
	char line[64];
	int n;

	while (fgets(line, sizeof(line), stdin)) {
		if (sscanf(line, "%d", &n) == 1)
			printf("%d\n", answer(n));
		fflush(stdout);
	}
	return 0;
}
END
	cat >src/ans.c <<'END'
#include "h.h"
int answer(int n)
{
	calls++;
	if (n > 10)
		return scale(n) + helper(n);
	return helper(n) + 40;
}
END
	cat >src/lib.c <<'END'
#include "h.h"
int helper(int n)
{
	calls += 2;
	if (n == 77)
		return scale(n) * 5;
	return n + 1;
}
END
	cat >src/Makefile <<'END'
CC = gcc
CFLAGS = -O2
prog: main.o ans.o lib.o
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ main.o ans.o lib.o
%.o: %.c h.h
	$(CC) $(CFLAGS) -c -o $@ $<
END
}

made()	# made COMMAND...: compiles a copy of the tree: what runs
{
	cp -a src made && (cd made && "$@") >made.log 2>&1 && return
	echo "# the target of '$tap_text' does not compile:"
	sed 's/^/#   /' made.log
	exit 1
}

edit()	# edit PATCH SED-SCRIPT FILE...: a patch that does this to files of src
{
	edit_patch=$1 edit_script=$2
	shift 2
	rm -rf a b && cp -a src a && cp -a src b || exit 1
	for f; do
		sed "$edit_script" "a/$f" >new && chmod u+w b "b/$f" && cat new >"b/$f"
	done
	difference "$edit_patch"
}

difference()	# difference PATCH: from a/ and b/
{
	LC_ALL=C diff -ruN a b >"$1"
	[ $? = 1 ] || { echo "# $1 has no difference"; exit 1; }
	rm -rf a b new
}

# The fix that most cases use: answer() gives another number.
fix()
{
	edit fix.patch 's/+ 40/+ 50/' "${1:-ans.c}"
}

builds()	# builds EXIT-CODE [ARGUMENT...] TEXT is the function's name in output: see said.txt
{
	want=$1
	shift
	"$SUTURE" build "$@" >said.txt 2>&1
	rc=$?
	[ $rc = "$want" ] && return
	echo "exit code $rc, want $want"
	cat said.txt
	return 1
}

says()		# says TEXT...: what was printed last has all these texts
{
	for t; do
		grep -qF -- "$t" said.txt && continue
		echo "no '$t' in:"
		cat said.txt
		return 1
	done
}

changes()	# changes NAME...: exactly these functions are listed as changed or new
{
	sed -n 's/^  \(changed\|new\|removed\) *\([^ ]*\) .*/\2/p' said.txt | sort >have.txt
	printf '%s\n' "$@" | sort >want.txt
	cmp -s have.txt want.txt && return
	echo "changed: $(tr '\n' ' ' <have.txt), want $*"
	cat said.txt
	return 1
}

# ---- a running program ----

start()		# start PROGRAM [ARGUMENT...]
{
	exec 3>&- 4<&-
	rm -f in out
	mkfifo in out || exit 1
	"$@" <in >out 2>target.err &
	pid=$!
	started="$started $pid"
	exec 3>in 4<out
}

asked()		# asked NUMBER ANSWER
{
	echo "$1" >&3
	read -r got <&4 || got='(gone)'
	[ "$got" = "$2" ] && return
	echo "got '$got', want '$2'"
	return 1
}

lives()		# lives TEXT OLD NEW [FILE]: answers to 1 before, with the patch and after the revert
{
	live_text=$1 live_old=$2 live_new=$3 live_fix=${4:-fix}
	ok "$live_text: before" asked 1 "$live_old"
	ok "$live_text: applied" "$SUTURE" apply "$live_fix.sut" "$pid"
	ok "$live_text: patched" asked 1 "$live_new"
	ok "$live_text: reverted" "$SUTURE" revert "$live_fix" "$pid"
	ok "$live_text: as before" asked 1 "$live_old"
	exec 3>&- 4<&-
	wait "$pid" 2>/dev/null
}

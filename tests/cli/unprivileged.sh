#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A user who is not root patches programs of their own, and is told once of each process that is not theirs.
. "$(dirname "$0")/../lib/tree.sh"

if [ "$(id -u)" != 0 ]; then
	skip "a user without rights" "only root can become another user"
	finish
fi
project user
fix
made make
builds 0 --source src --make make --object made/prog -o fix.sut fix.patch || exit 1
chmod -R a+rX "$top"

# A copy that this user may run wherever the project is kept.
cp "$SUTURE" "$top/suture"
as_user()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

count()		# count NAME: a number of said.txt
{
	sed -n 's/.*"'"$1"'": *\([0-9]*\).*/\1/p' said.txt | head -1
}

operates()	# operates EXIT-CODE ARGUMENT...
{
	want=$1
	shift
	as_user "$top/suture" "$@" >said.txt 2>&1
	rc=$?
	[ $rc = "$want" ] && return
	echo "exit code $rc, want $want"
	cat said.txt
	return 1
}

start setpriv --reuid=65534 --regid=65534 --clear-groups made/prog
ok "before" asked 1 42
ok "applied by the user" operates 0 apply fix.sut "$pid"
ok "patched" asked 1 52
processes=$(ls -d /proc/[0-9]* 2>/dev/null | wc -l)
ok "reverted from all that are the user's" operates 0 revert fix --all --json
ok "it says how many could not be read" [ "$(count not_readable)" -gt 0 ]
ok "$(count not_readable) of $processes processes were not readable: each counts once" \
	[ "$(count not_readable)" -le "$processes" ]
ok "as before" asked 1 42
exec 3>&- 4<&-
wait "$pid" 2>/dev/null
finish

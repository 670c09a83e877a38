# SPDX-License-Identifier: GPL-2.0-or-later
# What live tests are made of. POSIX sh and busybox are enough. The working folder has the target
# (prog), the patches (fix.sut ...), and what `suture build` said (fix.log, fix.rc).

. "$LIVE_LIB/tap.sh"
pid=''

# ---- the target ----

# start [COMMAND...]: runs the target (./prog) and leaves its pid in $pid, ready to be asked. The
# last one started is the one that is asked. Needs no compiler: fifos are the wires.
start()
{
	rm -f in out
	mkfifo in out
	[ $# -gt 0 ] || set -- ./prog
	exec 3>&- 4<&-
	"$@" <in >out 2>target.err &
	pid=$!
	started="$started $pid"
	# The end of the target before, which has just lost its wires, interrupts this in some shells.
	{ until command exec 3>in; do :; done; until command exec 4<out; do :; done; } 2>/dev/null
	ask ping
	[ "$answer" = pong ] || give_up "the target does not answer: $(cat target.err)"
}

say()	# a command that gives no answer, or one that comes later
{
	(trap '' PIPE; echo "$*" >&3) 2>/dev/null
}

hear()
{
	answer='(the target is gone)'
	read -r answer <&4
}

ask()
{
	say "$@"
	hear
}

expect()	# expect "question" answer
{
	ask $1
	ok "$1: $2" test "$answer" = "$2" || echo "#   got '$answer'"
}

alive()		# the target lives, nothing of it is stopped, traced, or writable and executable;
{		# its text is patched (patched) or equal to the files (same)
	ask ping
	ok "the target answers, its text is ${1:-same}" healthy "${1:-same}"
}

healthy()
{
	[ "$answer" = pong ] || return 1
	if [ "$1" = patched ]; then
		"$MEMTEXT" -p "$pid"
	else
		"$MEMTEXT" "$pid"
	fi
}

# ---- tests in C ----

# part TEXT COMMAND...: a program that says TAP of its own is one check of this test
part()
{
	part_text=$1
	shift
	"$@" >part.tap 2>&1
	part_rc=$?
	ok "$part_text: $(grep -c '^ok ' part.tap) checks" part_went_well
	sed 's/^/# /; s/^# # /# /' part.tap
}

part_went_well()
{
	[ $part_rc = 0 ] && grep -q '^1\.\.[1-9]' part.tap
}

# ---- suture ----

says()		# says TEXT...: what suture printed last has all these texts
{
	for t in "$@"; do
		ok "says '$t'" grep -qF -- "$t" said.txt || sed 's/^/#   /' said.txt
	done
}

built()		# built EXIT-CODE [PATCH]: how the patch's build ended; its words become said.txt
{
	cp "${2:-fix}.log" said.txt
	ok "build of ${2:-fix} ends with $1" test "$(cat "${2:-fix}.rc")" = "$1" ||
		sed 's/^/#   /' said.txt
}

must_build()
{
	[ "$(cat "${1:-fix}.rc")" = 0 ] && [ -e "${1:-fix}.sut" ] && return
	ok "the patch was built" cat "${1:-fix}.log" '(no patch file)'
	tap_ended=1
	exit 1
}

# What a test is not about does not depend on the machine's speed.
apply()		# apply [PATCH [PID]]
{
	ok "apply ${1:-fix}" suture 0 apply --max-pause 3s "${1:-fix}.sut" "${2:-$pid}"
}

revert()
{
	ok "revert ${1:-fix}" suture 0 revert --max-pause 3s "${1:-fix}" "${2:-$pid}"
}

# One life of a patch: lines "question|old answer|new answer" on standard input. With "before" in
# $1 the patch is reverted and applied again in between.
life()
{
	must_build
	cat >questions
	[ -n "$pid" ] || start
	questions 2
	ok "check fix" suture 0 check --max-pause 3s fix.sut "$pid"
	alive same
	apply
	alive patched
	questions 3
	ok "status tells of it" suture 0 status "$pid"
	says fix
	ok "apply twice" suture 0 apply --max-pause 3s fix.sut "$pid"
	says already
	revert
	alive same
	questions 2
	apply
	questions 3
	revert
	questions 2
	alive same
	finish
}

questions()
{
	while IFS='|' read -r q old new <&5; do
		[ -n "$q" ] || continue
		if [ "$1" = 2 ]; then expect "$q" "$old"; else expect "$q" "$new"; fi
	done 5<questions
}

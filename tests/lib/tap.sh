# SPDX-License-Identifier: GPL-2.0-or-later
# What all tests in shell are made of; POSIX sh and busybox are enough. The test that reads this may set
# tap_out (where the output of a check is kept) and define tap_stop (how a process that it started is
# asked to end) and tap_leave (what is tidied up at the very end).

tap_n=0 tap_failed=0 tap_ended='' tap_out=tap.out
started=''	# processes that end with the test

ok()	# ok TEXT COMMAND...: the command must succeed
{
	tap_text=$1
	shift
	tap_n=$((tap_n + 1))
	if "$@" >"$tap_out" 2>&1; then
		echo "ok $tap_n - $tap_text"
		return 0
	fi
	echo "not ok $tap_n - $tap_text"
	echo "# $*"
	sed 's/^/#   /' "$tap_out"
	tap_failed=$((tap_failed + 1))
	return 1
}

skip()	# skip TEXT REASON
{
	tap_n=$((tap_n + 1))
	echo "ok $tap_n - $1 # SKIP $2"
}

must()	# must TEXT COMMAND...: without it the rest has no sense
{
	ok "$@" || exit 1
}

give_up()
{
	echo "# $*"
	exit 1
}

finish()
{
	tap_ended=1
	exit 0
}

tap_stop()
{
	:
}

tap_leave()
{
	:
}

# Ends what the test started, by pid. The plan comes last, so that a test that stops half way fails.
tap_cleanup()
{
	for p in $started; do
		tap_stop "$p"
		kill -9 "$p" 2>/dev/null
		wait "$p" 2>/dev/null
	done
	if [ -n "$tap_ended" ]; then
		echo "1..$tap_n"
	else
		echo "# the test stopped half way"
		tap_failed=1
	fi
	tap_leave
	trap - EXIT
	exit $((tap_failed > 0))
}
trap tap_cleanup EXIT
trap 'exit 1' TERM INT HUP

suture()	# suture EXIT-CODE ARGUMENTS...: what it printed stays in said.txt
{
	want=$1
	shift
	"$SUTURE" "$@" >said.txt 2>&1
	rc=$?
	[ $rc = "$want" ] && return
	echo "exit code $rc, want $want"
	cat said.txt
	return 1
}

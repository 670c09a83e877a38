# SPDX-License-Identifier: GPL-2.0-or-later
# For the preparation of live tests that run tests in C, which x86-64 runs itself, in a guest.
#
#   KILL_STEP, SEED, ROUNDS  how thin: tests/lib/lot.h, tests/fault/races.c

# only_in_guests WHAT: true where there is a guest to prepare for.
only_in_guests()
{
	[ -z "${TARGET_CC:-}" ] || [ "$TARGET_ARCH" = x86_64 ] || return 0
	echo "$1 on $TARGET_ARCH, whole" >skip
	return 1
}

no_go()
{
	echo "not ok 1 - $1"
	shift
	[ $# = 0 ] || sed 's/^/# /' "$@"
	echo 1..1
	exit 1
}

# take PROGRAM...: of build/cross/ARCH
take()
{
	mkdir -p bin
	for f in "$@"; do
		$strip -o "bin/${f##*/}" "$CROSS/$f" || no_go "there is a ${f##*/} for $TARGET_ARCH"
	done
}

# The target of tests/fault, with its patch.
take_prey()
{
	CC=$CC STRIP=$strip sh "$root/tests/fault/prepare.sh" "$root/tests/fault/prey" "$work/prey" prey \
		>prey.log || no_go "the target compiles and its patch is built" prey.log
	rm -rf prey/cache prey/src prey/made
}

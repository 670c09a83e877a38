# SPDX-License-Identifier: GPL-2.0-or-later
# What the tests in the guest use. A test is sourced by guest.sh in the folder with its patches.

ok()	# ok STATUS DESCRIPTION
{
	if [ "$1" = 0 ]; then
		echo "ok - $case: $2"
	else
		echo "not ok - $case: $2"
		[ ! -e /s/list ] || dmesg | tail -5 | sed 's/^/#   kernel: /'
	fi
}

is()	# is GOT WANTED DESCRIPTION
{
	if [ "$1" = "$2" ]; then
		echo "ok - $case: $3"
	else
		echo "not ok - $case: $3"
		echo "#   got:    $1"
		echo "#   wanted: $2"
	fi
}

like()	# like GOT PATTERN DESCRIPTION
{
	case $1 in
	*$2*) echo "ok - $case: $3" ;;
	*)
		echo "not ok - $case: $3"
		echo "$1" | head -12 | sed 's/^/#   got: /'
		echo "#   wanted: *$2*"
		;;
	esac
}

unlike()	# unlike GOT PATTERN DESCRIPTION
{
	case $1 in
	*$2*) like "$1" "not: $2" "$3" ;;
	*) echo "ok - $case: $3" ;;
	esac
}

# suture, with its status checked: applied NAME, reverted NAME
applied()
{
	said=$($SUTURE apply --timeout 120 "$1.sut" 2>&1)
	is "$?" 0 "$1 is applied"
	like "$said" "applied" "and it says so"
}

reverted()
{
	said=$($SUTURE revert --timeout 120 "$1" 2>&1)
	is "$?" 0 "$1 is reverted"
	[ ! -e "/sys/module/suture_$(echo "$1" | tr - _)" ]
	ok $? "and its module is gone"
}

cmdline()	# the first words of what the patched function shows
{
	cat /proc/cmdline
}

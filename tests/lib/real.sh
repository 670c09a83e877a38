# SPDX-License-Identifier: GPL-2.0-or-later
# What tests with Debian's own programs are made of: the stock binary of a version runs, the fixes come
# from the source package of a later one, unmodified. Each test works in a folder of its own, which stays;
# packages and captured builds stay in the user's cache.
#
#   SUTURE, MEMTEXT, LOAD   the programs under test     (below build/)
#   REAL_WORK               where work folders are made (build/real)

root=$(cd "$(dirname "$0")/../.." && pwd)
SUTURE=${SUTURE:-$root/build/suture}
MEMTEXT=${MEMTEXT:-$root/build/tests/memtext}
LOAD=${LOAD:-$root/build/demo-load}
REAL_WORK=${REAL_WORK:-$root/build/real}
name=$(basename "$0" .sh)
work=$REAL_WORK/$name
cache=${XDG_CACHE_HOME:-$HOME/.cache}/suture/deb
. "$root/tests/lib/tap.sh"
rm -rf "$work/run"
mkdir -p "$work/run" "$REAL_WORK/dl" && cd "$work" || exit 1

tap_stop()	# servers save what they have
{
	kill "$1" 2>/dev/null
	for i in 1 2 3 4 5 6 7 8 9 10; do
		kill -0 "$1" 2>/dev/null || break
		sleep 0.1
	done
}

fetch()	# fetch SOURCE VERSION: the update's source; $fixes is the folder of its patches
{
	fixes=$work/update/debian/patches
	[ -e "$work/update.is-$2" ] && return
	file=$1_${2#*:}.dsc
	(cd "$REAL_WORK/dl" && { [ -e "$file" ] || "$root/scripts/debsrc.sh" "$REAL_WORK/apt" source "$1=$2"; } &&
		rm -rf "$work/update" && dpkg-source --no-check -x "$file" "$work/update") &&
		touch "$work/update.is-$2"
}

stock()	# stock SOURCE VERSION: $stock is where `suture build --deb` has unpacked the binaries
{
	stock=$cache/$(echo "$1_$2" | tr ':' '_')/binary
}

# Paths of fixes by the beginnings of their names; each must be there.
patches()
{
	for p; do
		set -- "$fixes/$p"*
		[ -e "$1" ] || give_up "the update has no patch '$p'"
		echo "$@"
	done
}

says()
{
	for t; do
		grep -qF -- "$t" said.txt && continue
		echo "no '$t' in:"
		cat said.txt
		return 1
	done
}

libraries()	# libraries FILE PACKAGE-PATTERN: what the stock program is linked with is there
{
	ldd "$1" 2>/dev/null | grep -q 'not found' || return 0
	for d in "${stock%/binary}"/debs/$2; do
		dpkg-deb -f "$d" Depends
	done | tr ',' '\n' | awk '{ print $1 }' | sort -u >needs.txt
	apt-get install -y -qq --no-install-recommends $(grep -v "^$name" needs.txt)
	! ldd "$1" | grep 'not found'
}

wait_for()	# wait_for COMMAND...: within ten seconds
{
	for i in $(seq 100); do
		"$@" >/dev/null 2>&1 && return
		sleep 0.1
	done
	return 1
}

begin()	# begin COMMAND...: in the background; its pid is in $pid
{
	"$@" >run/out.txt 2>run/err.txt &
	pid=$!
	started="$started $pid"
}

texts_equal()	# texts_equal PID...
{
	for p; do
		"$MEMTEXT" "$p" || return 1
	done
}

# One life of a patch on running processes: life PATCH-NAME PID... Between the steps hooks are called, if
# the test has them: with_patch, without_patch.
life()
{
	life_name=$1
	shift
	ok 'check says that it can be applied' suture 0 check "$life_name.sut" "$@"
	ok 'it is applied' suture 0 apply "$life_name.sut" "$@"
	sed -n 's/.*\(paused.*\)/# \1/p; /pause/s/^/# /p' said.txt | head -3
	with_patch
	ok 'applied again: already' suture 0 apply "$life_name.sut" "$@"
	ok 'is what it says' says already
	ok 'status tells of it' suture 0 status "$1"
	ok 'by name' says "$life_name"
	ok 'it is reverted' suture 0 revert "$life_name" "$@"
	without_patch
	ok 'the text is that of the files' texts_equal "$@"
}

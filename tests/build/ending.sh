#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Builds that end early: interrupted, on a full disk, two at once.
. "$(dirname "$0")/../lib/tree.sh"

children()	# children MARK: processes that have this word in their command line
{
	for d in /proc/[0-9]*; do
		cat "$d/cmdline" 2>/dev/null | tr '\0' ' ' | grep -qF "$1" && echo "${d#/proc/}"
	done
}

none_left()
{
	for i in 1 2 3 4 5 6 7 8 9 10; do
		[ -n "$(children "$1")" ] || return 0
		sleep 0.1
	done
	children "$1"
	return 1
}

until_there()
{
	for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30; do
		[ -e "$1" ] && return
		sleep 0.1
	done
	return 1
}

project interrupted
made make
fix
mark=31.$$
# A background job of a shell ignores SIGINT; perl gives it back.
perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$SUTURE" build --source src --object made/prog -o fix.sut \
	--make "touch '$PWD/there'; make; sleep $mark" fix.patch >said.txt 2>&1 &
pid=$!
started="$started $pid"
ok 'a build runs' until_there there
kill -INT "$pid"
wait "$pid"
rc=$?
ok 'interrupted: it ends with a failure' test "$rc" != 0
ok 'interrupted: no process is left' none_left "sleep $mark"
for p in $(children "sleep $mark"); do started="$started $p"; done
ok 'interrupted: no file is left' test -z "$(ls fix.sut* 2>/dev/null)"
ok 'the next build does' builds 0 --source src --make make --object made/prog -o fix.sut fix.patch
ok 'one function' changes answer

# The same while a package is fetched: stand-ins for apt wait, one of them with a child that waits on.
project deb-interrupted
fix
mark=33.$$
mkdir fake
cat >fake/apt-get <<END
#!/bin/sh
echo \$\$ >'$PWD/there'
sleep $mark &
exec sleep $mark
END
chmod +x fake/apt-get
began=$(date +%s)
PATH=$PWD/fake:$PATH perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' "$SUTURE" build --work "$PWD/work" \
	--deb store=1 -o fix.sut fix.patch >said.txt 2>&1 &
pid=$!
started="$started $pid"
ok 'a package is being fetched' until_there there
kill -INT "$pid"
wait "$pid"
rc=$?
ok 'interrupted: it ends with a failure' test "$rc" = 4
ok 'interrupted: at once' test $(($(date +%s) - began)) -lt 20
ok 'interrupted: that is the reason' says SUT-E005
ok 'interrupted: and the only one' test "$(grep -c SUT- said.txt)" -le 2
ok 'interrupted: what was started has ended' not kill -0 "$(cat there)"
for p in $(children "sleep $mark"); do started="$started $p"; done
ok 'interrupted: no file is left' test -z "$(ls fix.sut* 2>/dev/null)"

project full
made make
fix
if mkdir small && mount -t tmpfs -o size=4k none small 2>/dev/null; then
	head -c 4096 /dev/zero >small/all
	ok 'a full disk' builds 4 --source src --make make --object made/prog -o small/fix.sut fix.patch
	ok 'is named' says SUT-E001 'No space left'
	ok 'no half file is left' test "$(ls small)" = all
	umount small
else
	skip 'a full disk' 'no tmpfs can be mounted'
fi
ok 'a folder that is not there' builds 4 --source src --make make --object made/prog \
	-o none/fix.sut fix.patch
ok 'is named' says SUT-E001
ln -s /dev/full out.sut
ok 'a device is no place for a file' builds 4 --source src --make make --object made/prog \
	-o out.sut fix.patch
ok 'is named' says SUT-E001
ok 'the link is still one' test -L out.sut

project two
made make
fix
"$SUTURE" build --source src --object made/prog -o one.sut \
	--make "touch '$PWD/there'; make; sleep 1" fix.patch >one.txt 2>&1 &
pid=$!
started="$started $pid"
ok 'a build runs' until_there there
ok 'another one of the same tree' builds 4 --source src --make make --object made/prog -o two.sut fix.patch
ok 'is told so' says SUT-B012
wait "$pid"
ok 'the first is done' test $? = 0
ok 'the first has its file' test -s one.sut
finish

# SPDX-License-Identifier: GPL-2.0-or-later
# What patch modules do on the kernel that runs here, as TAP. The modules are those of mods/.
n=0
bad=0

ok()	# ok NAME COMMAND...
{
	name=$1
	shift
	n=$((n + 1))
	mark="suture test $n"
	echo "$mark" >/dev/kmsg
	if "$@" >/tmp/said 2>&1; then
		echo "ok $n - $name"
	else
		bad=$((bad + 1))
		echo "not ok $n - $name"
		sed 's/^/#   /' /tmp/said
		dmesg | sed "1,/$mark\$/d" | tail -30 | sed 's/^/#   kernel: /'
	fi
}

is()	# is NAME EXPECTED GOT
{
	ok "$1" same "$2" "$3"
}

same()
{
	echo "expected: $1"
	echo "got:      $2"
	[ "$1" = "$2" ]
}

S=/sys/kernel/suture

# Waits until the change of a patch is over.
settled()
{
	i=0
	while [ "$(cat $S/$1/transition 2>/dev/null)" = 1 ]; do
		i=$((i + 1))
		[ $i -lt 600 ] || return 1
		sleep 0.05
	done
}

load()	# load MODULE PARAMETER...: loaded, and on in the end
{
	m=$1
	shift
	insmod $m.ko "$@" && settled $m && [ "$(cat $S/$m/enabled)" = 1 ]
}

off()	# off MODULE: reverted, but still loaded
{
	echo 0 >$S/$1/enabled && settled $1 && [ "$(cat $S/$1/enabled)" = 0 ]
}

unload()	# unload MODULE: reverted and unloaded
{
	off $1 && rmmod $1 && [ ! -e $S/$1 ]
}

refused()	# refused MODULE WORD...: not loaded, and the log says why
{
	m=$1
	shift
	if insmod $m.ko; then
		echo "$m was loaded"
		return 1
	fi
	dmesg | sed "1,/$mark\$/d" | grep -F "$*" && [ ! -e $S/$m ]
}

rejected()	# rejected FILE PARAMETER...: there, but not loaded
{
	[ -e "$1" ] && ! insmod "$@"
}

victim()
{
	cat /proc/victim/$1
}

# It cannot be unloaded now.
busy()
{
	! rmmod $1 && grep -q "^$1 " /proc/modules
}

no()
{
	! "$@"
}

# Nothing of the kernel itself complains.
quiet()
{
	! dmesg | grep -E 'WARNING|BUG|Oops|Unable to handle|ftrace failed|Call trace|refcount'
}

wait_for()	# wait_for COMMAND...: it succeeds within five seconds
{
	i=0
	until "$@"; do
		i=$((i + 1))
		[ $i -lt 100 ] || return 1
		sleep 0.05
	done
}

for t in t-*.sh; do
	. ./$t
	ok "the kernel is content after ${t%.sh}" quiet
done
echo "1..$n"
[ $bad = 0 ]

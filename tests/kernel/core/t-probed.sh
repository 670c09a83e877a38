# SPDX-License-Identifier: GPL-2.0-or-later
# A return address that a return probe or the graph tracer took, of a function that ends in a jump to a
# changed one: who called is not to be seen then.
tail_ten()
{
	for j in 1 2 3 4 5 6 7 8 9 10; do
		[ "$(victim tail)" = "new tail" ] || return 1
	done
}
ok "the module and a patch" sh -c 'insmod victim.ko 2>/dev/null; [ -e /proc/victim/tail ] && insmod p_tail.ko'
ok "on" settled p_tail
is "a jump to a changed function" "new tail" "$(victim tail)"
ok "a return probe on what jumps" sh -c 'echo r:back show_tail >/sys/kernel/tracing/kprobe_events &&
	echo 1 >/sys/kernel/tracing/events/kprobes/back/enable'
ok "leaves it right" tail_ten
ok "and is gone" sh -c 'echo 0 >/sys/kernel/tracing/events/kprobes/back/enable; echo >/sys/kernel/tracing/kprobe_events'
ok "the graph tracer" sh -c 'echo function_graph >/sys/kernel/tracing/current_tracer'
ok "leaves it right, and all of the kernel" tail_ten
ok "reverted under it" unload p_tail
is "old" "old tail" "$(victim tail)"
ok "no more tracing" sh -c 'echo nop >/sys/kernel/tracing/current_tracer'
ok "the module goes" rmmod victim
ok "and comes" insmod victim.ko

# Probes that come after the patch.
K=/sys/kernel/tracing
events()	# events ENABLE: of all probes that are there
{
	for e in $K/events/kprobes/p_*/enable; do
		echo $1 >$e
	done
}
probe_all()	# probe_all FUNCTION SIZE: on every instruction that takes one
{
	# Not at the entry: stock ppc64 kernels lose ftrace when a call of it is changed behind a probe.
	for at in $(seq 20 4 $2); do
		echo "p:p_$at $1+$at" >>$K/kprobe_events
	done 2>/dev/null
	[ $(wc -l <$K/kprobe_events) -gt $(($2 / 10)) ] && events 1
}
no_probes()
{
	events 0
	echo >$K/kprobe_events
}
# On arm the probe keeps a copy of what the patch put there; on ppc64le ftrace would stumble over it.
case $(uname -m) in
armv7l) at=0 waits=1 ;;
ppc64le) at=8 waits=1 ;;
*) at=0 waits=0 ;;
esac
ok "a patch" load p_calls
is "is on" called "$(victim plain)"
ok "a probe at the entry of the changed function, not armed" sh -c "echo p:p_0 victim_plain+$at >$K/kprobe_events"
ok "reverted" sh -c "echo 0 >$S/p_calls/enabled"
if [ $waits = 1 ]; then
	sleep 0.3
	is "waits for the probe" "1 0 (probe) victim_plain" "$(cat $S/p_calls/transition) $(sed 's/+.*//' $S/p_calls/blockers)"
	ok "which is armed" events 1
	is "and harmless" called "$(victim plain)"
	ok "the probe goes" no_probes
fi
ok "it is off" settled p_calls
ok "and unloaded" rmmod p_calls
[ -e $K/events/kprobes/p_0 ] || echo p:p_0 victim_plain+$at >$K/kprobe_events
ok "a probe" events 1
is "on the old code" old "$(victim plain)"
ok "goes" no_probes
is "and leaves it" old "$(victim plain)"

# A module that goes with a probe and a redirect in it.
ok "a patch" load p_calls
ok "a probe at the entry of the changed function" sh -c "echo p:p_0 victim_plain+$at >$K/kprobe_events"
ok "armed" events 1
ok "the module goes" rmmod victim
ok "the probe, too" no_probes
ok "the module comes" insmod victim.ko
is "patched" called "$(victim plain)"
ok "unloaded" unload p_calls
is "old" old "$(victim plain)"

# A return address behind a call that is under a probe.
cat /proc/victim/wake
ok "a patch of a function that sleeps" load p_sleep
cat /proc/victim/sleep >/tmp/slept &
pid=$!
wait_for grep -q S /proc/$pid/stat
ok "probes on all of the new function" probe_all p_sleep:new_sleep 64
sleep 0.3
ok "the revert" sh -c "echo 0 >$S/p_sleep/enabled"
sleep 0.5
is "waits for the task" 1 "$(cat $S/p_sleep/transition)"
ok "and names it" grep -q "^$pid cat new_sleep+0x" $S/p_sleep/blockers
echo 1 >/sys/module/p_sleep/parameters/release
ok "it leaves, and the patch is off" settled p_sleep
wait $pid
is "after the new code" 2 "$(cat /tmp/slept)"
ok "the probes go" no_probes
ok "unloaded" rmmod p_sleep

# A caller in another module puts its own TOC back behind the call (ppc64le), also under a probe.
if [ "$(uname -m)" = ppc64le ]; then
	echo 'p:p_0 show_secret link=%link' >$K/kprobe_events
	events 1
	victim secret >/dev/null
	link=$(sed -n 's/.*link=0x\([0-9a-f]*\).*/\1/p' $K/trace | head -1)
	no_probes
	ok "a patch of what the kernel calls by a pointer" load p_show
	at=$((0x$link - 0x$(sed -n 's/ . seq_read_iter$//p' /proc/kallsyms)))
	ok "a probe on the instruction behind the call" sh -c "echo p:p_0 seq_read_iter+$at >$K/kprobe_events"
	ok "armed" events 1
	is "a call and the way back" "new show" "$(victim secret)"
	sleep 1
	is "when the probe is made faster, too" "new show" "$(victim secret)"
	ok "the probe goes" no_probes
	is "again" "new show" "$(victim secret)"
	ok "unloaded" unload p_show
fi

# Another one who redirects. On arm a patch does not go through ftrace, so there is nothing to share.
if [ "$(uname -m)" != armv7l ]; then
	ok "another user of ftrace redirects one of several functions" insmod rival.ko
	ok "a patch of all is refused" refused p_module "victim_struct: no redirect could be made: error -16"
	is "and nothing of it is left" 1015 "$(victim many)"
	ok "the other one goes" rmmod rival
	ok "now the patch is on" load p_module
	ok "and the other one is refused" rejected rival.ko
	ok "unloaded" unload p_module
fi

# Switches of the tracer.
ok "a patch" load p_show
if [ "$(uname -m)" = armv7l ]; then
	ok "ftrace is turned off" sh -c "echo 0 >/proc/sys/kernel/ftrace_enabled"
else
	ok "ftrace cannot be turned off" no sh -c "echo 0 >/proc/sys/kernel/ftrace_enabled"
fi
is "the switch of all of ftrace leaves the patch on" "new show" "$(victim secret)"
echo 1 >/proc/sys/kernel/ftrace_enabled
ok "the function tracer" sh -c "echo show_secret >$K/set_ftrace_filter && echo function >$K/current_tracer"
is "leaves it on" "new show" "$(victim secret)"
ok "reverted under it" unload p_show
is "old" 7 "$(victim secret)"
ok "no more tracing" sh -c "echo nop >$K/current_tracer; echo >$K/set_ftrace_filter"

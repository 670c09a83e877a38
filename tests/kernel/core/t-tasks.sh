# SPDX-License-Identifier: GPL-2.0-or-later
# Tasks in the way: a change waits for them, names them, gives up; and load while it happens.
D=/sys/module/suture_core/parameters/deadline_ms
sleeper()
{
	cat /proc/victim/sleep >/tmp/slept &
	pid=$!
	wait_for grep -q S /proc/$pid/stat
	sleep 0.2
}
echo 6000 >$D
sleeper
ok "a patch of a function that a task sleeps in" insmod p_sleep.ko
is "waits" "1 1" "$(cat $S/p_sleep/enabled) $(cat $S/p_sleep/transition)"
sleep 0.3
ok "and names the task" grep -q "^$pid cat victim_sleep+0x" $S/p_sleep/blockers
ok "is busy meanwhile" busy p_sleep
ok "another patch must wait" refused p_kernel "is still changing"
ok "it comes to an end" settled p_sleep
is "and is taken back at the deadline" "0" "$(cat $S/p_sleep/enabled)"
ok "still knowing why" grep -q "^$pid cat victim_sleep" $S/p_sleep/blockers
ok "as the log does" sh -c "dmesg | tail | grep 'p_sleep: the patch is taken back'"
ok "it can be unloaded" rmmod p_sleep
cat /proc/victim/wake
wait $pid
is "the task finished in the old code" 1 "$(cat /tmp/slept)"

echo 30000 >$D
sleeper
ok "again it waits" insmod p_sleep.ko
ok "taken back by hand" sh -c "echo 0 >$S/p_sleep/enabled"
is "at once" "0 0" "$(cat $S/p_sleep/enabled) $(cat $S/p_sleep/transition)"
ok "unloaded" rmmod p_sleep
ok "again" insmod p_sleep.ko
sleep 0.3
is "it waits" 1 "$(cat $S/p_sleep/transition)"
cat /proc/victim/wake
ok "the task leaves, and it is on" settled p_sleep
is "on" 1 "$(cat $S/p_sleep/enabled)"
wait $pid
is "the task finished in the old code" 1 "$(cat /tmp/slept)"

echo 6000 >$D
sleeper
ok "the revert of a function that a task sleeps in" sh -c "echo 0 >$S/p_sleep/enabled"
sleep 0.3
is "waits" "0 1" "$(cat $S/p_sleep/enabled) $(cat $S/p_sleep/transition)"
ok "and names the task" grep -q "^$pid cat new_sleep+0x" $S/p_sleep/blockers
ok "is busy meanwhile" busy p_sleep
ok "it comes to an end" settled p_sleep
is "and the patch stays" "1" "$(cat $S/p_sleep/enabled)"
ok "busy" busy p_sleep
echo 30000 >$D
ok "again" sh -c "echo 0 >$S/p_sleep/enabled"
sleep 0.2
ok "changed one's mind" sh -c "echo 1 >$S/p_sleep/enabled"
is "it stays" "1 0" "$(cat $S/p_sleep/enabled) $(cat $S/p_sleep/transition)"
ok "again" sh -c "echo 0 >$S/p_sleep/enabled"
sleep 0.2
echo 1 >/sys/module/p_sleep/parameters/release
ok "the task leaves, and it is off" settled p_sleep
wait $pid
is "the task finished in the new code" 2 "$(cat /tmp/slept)"
is "off" 0 "$(cat $S/p_sleep/enabled)"
ok "unloaded" rmmod p_sleep

ok "a patch with a function of two parts" load p_cold
sleeper
ok "another patch of it, while a task is in the second part" insmod p_sleep.ko
sleep 0.3
is "waits" "1 1" "$(cat $S/p_sleep/enabled) $(cat $S/p_sleep/transition)"
ok "and names the task" grep -q "^$pid cat split_sleep.cold+0x" $S/p_sleep/blockers
echo 1 >/sys/module/p_cold/parameters/release
ok "the task leaves, and it is on" settled p_sleep
is "on" 1 "$(cat $S/p_sleep/enabled)"
wait $pid
is "the task finished in the first patch's code" 3 "$(cat /tmp/slept)"
ok "unloaded" unload p_sleep
ok "the first, too" unload p_cold

# The name of a task is its own choice.
name="/tmp/a
1 b"
printf '#!/bin/sh\nread x </proc/victim/sleep\n' >"$name"
chmod 755 "$name"
"$name" &
pid=$!
wait_for grep -q S /proc/$pid/stat
sleep 0.2
ok "it waits" insmod p_sleep.ko
sleep 0.3
is "a name of two lines is shown as one" "$pid a?1 b victim_sleep" "$(sed 's/+.*//' $S/p_sleep/blockers)"
kill -9 $pid
ok "on" settled p_sleep
ok "unloaded" unload p_sleep

# A task killed while it is in the way.
sleeper
ok "it waits" insmod p_sleep.ko
kill -9 $pid
ok "a killed task is not in the way" settled p_sleep
is "on" 1 "$(cat $S/p_sleep/enabled)"
ok "unloaded" unload p_sleep

# A task that ends and is in no list any more.
ok "a patch of what runs at the end of a task" load p_exit
echo 1 >/sys/module/p_exit/parameters/spawn
sleep 0.5
is "no list has the task" "" "$(cat /proc/[0-9]*/comm | grep p_exit_task)"
ok "the revert" sh -c "echo 0 >$S/p_exit/enabled"
sleep 0.5
is "waits for it" 1 "$(cat $S/p_exit/transition)"
ok "and names it" grep -q "^[0-9]* p_exit_task " $S/p_exit/blockers
ok "it has ended, and the patch is off" settled p_exit
is "off" 0 "$(cat $S/p_exit/enabled)"
ok "unloaded" rmmod p_exit
sleep 4

# What new code asked RCU to call.
ok "a patch whose code RCU calls later" load p_rcu
is "is on" deferred "$(taskset 2 cat /proc/victim/plain)"
# Of another processor, as what comes later on the same is called later.
ok "is reverted while much is to be called" taskset 1 sh -c "echo 0 >$S/p_rcu/enabled"
ok "is off" settled p_rcu
ok "is unloaded" rmmod p_rcu
sleep 3

echo 15000 >$D
./load $(grep -c ^processor /proc/cpuinfo) >/tmp/load &
load=$!
sleep 0.5
for round in 1 2 3 4 5 6 7 8 9 10; do
	ok "round $round under load: on" load p_hot
	ok "the new code is called" sh -c '[ $(cat /sys/module/p_hot/parameters/calls) -gt 100 ] || { sleep 1; [ $(cat /sys/module/p_hot/parameters/calls) -gt 100 ]; }'
	ok "round $round: off" unload p_hot
done
ok "the load is still there" kill -0 $load
kill -9 $load
is "and never saw a wrong answer" "" "$(cat /tmp/load)"
ok "the victim goes" rmmod victim
ok "the core goes" rmmod suture_core

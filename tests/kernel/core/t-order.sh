# SPDX-License-Identifier: GPL-2.0-or-later
# Callbacks, shadow variables, states, patches on top of each other, replace.
callbacks()
{
	dmesg | sed "1,/$1\$/d" | sed -n 's/.*callback \([a-z_]*\) for \([a-z ]*\),.*/\1 \2/p' | tr '\n' ';'
}
echo "callbacks 1" >/dev/kmsg
ok "a patch with callbacks" load p_calls
is "they come in order" "pre_patch the kernel;pre_patch victim;post_patch the kernel;post_patch victim;" \
	"$(callbacks 'callbacks 1')"
is "its code runs" called "$(victim plain)"
echo "callbacks 2" >/dev/kmsg
ok "the module goes" rmmod victim
ok "and comes" insmod victim.ko
is "with its callbacks" "pre_unpatch victim;post_unpatch victim;pre_patch victim;post_patch victim;" \
	"$(callbacks 'callbacks 2')"
echo "callbacks 3" >/dev/kmsg
ok "reverted" unload p_calls
is "callbacks of the revert" "pre_unpatch the kernel;pre_unpatch victim;post_unpatch the kernel;post_unpatch victim;" \
	"$(callbacks 'callbacks 3')"

ok "the patch again" load p_calls
ok "the module goes" rmmod victim
sh -c "echo 1 >/sys/module/p_calls/parameters/hold" &
holder=$!
sleep 0.3
echo "callbacks 5" >/dev/kmsg
ok "a revert" sh -c "echo 0 >$S/p_calls/enabled"
sleep 0.2
is "that waits" 1 "$(cat $S/p_calls/transition)"
ok "a module comes meanwhile" insmod victim.ko
is "and is patched" called "$(victim plain)"
kill -9 $holder
ok "the revert is done" settled p_calls
is "old" old "$(victim plain)"
is "what was not undone was not done" \
	"pre_unpatch the kernel;pre_patch victim;post_unpatch the kernel;post_unpatch victim;" \
	"$(callbacks 'callbacks 5')"
ok "unloaded" rmmod p_calls
ok "and again" load p_calls
sh -c "echo 1 >/sys/module/p_calls/parameters/hold" &
holder=$!
sleep 0.3
ok "unloaded by force, as the kernel allows" sh -c "rmmod -f p_calls & sleep 0.5; kill -9 $holder; wait"
ok "it has gone" no grep -q ^p_calls /proc/modules
is "and its code is not called" old "$(victim plain)"
echo "callbacks 4" >/dev/kmsg
ok "a callback refuses" rejected p_calls.ko refuse=1
is "and nothing else is called" "pre_patch the kernel;" "$(callbacks 'callbacks 4' | tr ';' '\n' | sort -u | tr '\n' ';')"
is "nor changed" old "$(victim plain)"

ok "shadow variables" load p_shadow
is "are made" 41 "$(victim secret)"
is "found" 42 "$(victim secret)"
ok "reverted" unload p_shadow
ok "another patch" load p_shadow
is "finds them" 43 "$(victim secret)"
ok "reverted" unload p_shadow

ok "a patch" load p_stack1
is "is on" "stack 1 111" "$(victim plain) $(victim secret)"
ok "another on top" load p_stack2
ok "sees the state of the first" sh -c "dmesg | tail | grep 'state of the patch before p_stack2: 1'"
ok "when it is on, too" sh -c "dmesg | tail | grep 'state of the others when p_stack2 is on: 1'"
is "both are on" "stack 2 111" "$(victim plain) $(victim secret)"
ok "the lower one is reverted" unload p_stack1
ok "which saw the state of the upper" sh -c "dmesg | tail | grep 'state of the others when p_stack1 goes: 2'"
is "the upper stays" "stack 2 7" "$(victim plain) $(victim secret)"
ok "the module goes and comes" sh -c "rmmod victim && insmod victim.ko"
ok "no patch is there but the upper one" sh -c "dmesg | tail | grep 'state of the patch before p_stack2: 0' &&
	dmesg | tail | grep 'state of the others when p_stack2 is on: 0'"
ok "the upper is reverted" unload p_stack2
is "all is old" "old 7" "$(victim plain) $(victim secret)"
ok "again, one" load p_stack1
ok "and two" load p_stack2
ok "the upper one is reverted first" unload p_stack2
is "the lower is back" "stack 1 111" "$(victim plain) $(victim secret)"
ok "one that replaces" load p_stack2 replace=1
is "replaces all of it" "stack 2 7" "$(victim plain) $(victim secret)"
is "the other is off" 0 "$(cat $S/p_stack1/enabled)"
ok "and can be unloaded" rmmod p_stack1
is "nothing changes" "stack 2 7" "$(victim plain) $(victim secret)"
ok "a state of an older version is refused" rejected p_stack1.ko replace=1 state_version=1
is "and nothing changed" "stack 2 7" "$(victim plain) $(victim secret)"
ok "a newer one is not" load p_stack1 replace=1 state_version=3
is "and replaces" "stack 1 111" "$(victim plain) $(victim secret)"
ok "the replaced is unloaded" rmmod p_stack2
ok "reverted" unload p_stack1
is "old" "old 7" "$(victim plain) $(victim secret)"

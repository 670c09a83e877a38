# SPDX-License-Identifier: GPL-2.0-or-later
# Patch modules that are out of reach of a branch, as the area of modules is full. Only arm has that.
far()	# far MODULE: is it above the kernel?
{
	at=$(sed -n "s/^$1 .* 0x//p" /proc/modules)
	base=$(sed -n 's/ T _stext$//p' /proc/kallsyms)
	echo "$1 is at $at, the kernel at $base"
	[ $((0x${at%% *})) -gt $((0x$base)) ]
}
lsmod | grep -q ^suture_core || insmod suture_core.ko
lsmod | grep -q ^victim || insmod victim.ko
if insmod filler.ko 2>/dev/null; then
	full=/sys/module/filler/parameters/again
	ok "a patch" sh -c "echo 1 >$full && insmod p_kernel.ko"
	ok "is on" settled p_kernel
	ok "is far away" far p_kernel
	is "its new code runs" "this has been live patched" "$(cat /proc/cmdline)"
	ok "one of a module" sh -c "echo 1 >$full && insmod p_local.ko"
	ok "is on" settled p_local
	ok "is far away" far p_local
	is "its new code runs" new "$(victim plain)"
	ok "is unloaded" unload p_local
	is "the old code runs" old "$(victim plain)"
	ok "a reference to the kernel" sh -c "echo 1 >$full && insmod p_refs.ko"
	ok "is on" settled p_refs
	ok "is far away" far p_refs
	is "is right, on top of the other" "the kernel calls it seq_printf" "$(cat /proc/cmdline)"
	ok "the upper one is reverted" unload p_refs
	is "the lower is back" "this has been live patched" "$(cat /proc/cmdline)"
	ok "a near one" sh -c 'rmmod filler && insmod p_refs.ko'
	ok "is on" settled p_refs
	ok "is near" no far p_refs
	is "and right" "the kernel calls it seq_printf" "$(cat /proc/cmdline)"
	ok "the lower one is reverted" unload p_kernel
	is "the upper stays" "the kernel calls it seq_printf" "$(cat /proc/cmdline)"
	ok "and goes" unload p_refs
	is "the old code runs" 1 "$(grep -c rdinit /proc/cmdline)"
	ok "a core that is far itself" sh -c 'rmmod victim && rmmod suture_core && insmod filler.ko &&
		insmod suture_core.ko && insmod victim.ko'
	ok "is far away" far suture_core
	ok "it refuses what it cannot reach" refused p_kernel "more than 32 MB away"
	ok "the core is near again" sh -c 'rmmod victim && rmmod suture_core && rmmod filler &&
		insmod suture_core.ko && insmod victim.ko'
fi

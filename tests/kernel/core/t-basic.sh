# SPDX-License-Identifier: GPL-2.0-or-later
# One function of the kernel, one module: on, off, unloaded.
before=$(cat /proc/cmdline)
ok "the core loads" insmod suture_core.ko
ok "a patch of a function of the kernel is on" load p_kernel
is "its new code runs" "this has been live patched" "$(cat /proc/cmdline)"
ok "it cannot be unloaded while it is on" busy p_kernel
ok "nor can the core" busy suture_core
ok "it has a file of blockers" [ -e $S/p_kernel/blockers ]
is "nothing blocks it" "" "$(cat $S/p_kernel/blockers)"
ok "it is reverted" off p_kernel
is "the old code runs" "$before" "$(cat /proc/cmdline)"
ok "it is unloaded" rmmod p_kernel
is "the old code still runs" "$before" "$(cat /proc/cmdline)"
ok "it can be loaded again" load p_kernel
ok "and unloaded" unload p_kernel
ok "the core is unloaded" rmmod suture_core
ok "and loaded again" insmod suture_core.ko

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

# SPDX-License-Identifier: GPL-2.0-or-later
# What must be refused, by name, with nothing changed.
bad()	# bad HOW WORD...
{
	how=$1
	shift
	if [ ! -e p_bad.ko ] || insmod p_bad.ko how=$how; then
		rmmod p_bad
		return 1
	fi
	dmesg | sed "1,/$mark\$/d" | grep -F "$*" && [ ! -e $S/p_bad ]
}
ok "another release" bad release "is for 6.1.0-0-other"
ok "another build" bad version "not for this kernel"
ok "other bytes" bad bytes "cmdline_proc_show is not the function that the patch was built for"
ok "a name that is not there" bad missing "no symbol no_such_function"
twice=$(sed -n '/\[/d; s/^[0-9a-f]* [tT] //p' /proc/kallsyms | grep -v '[.$]' | sort | uniq -d | head -1)
ok "a name of several" bad "ambiguous name=$twice" "symbols are called $twice"
ok "another place" bad place "behind the start of the text"
ok "init code" bad init "start_kernel is not in the text of the kernel"
ok "a function twice" bad twice "is in the patch twice"
ok "notrace" bad notrace "victim_notrace cannot be redirected"
ok "another build of a module" bad srcversion "is another build than the patch is for"
ok "an unknown relocation" bad reloc "cannot be made"
ok "a place outside of the module" bad outside "cannot be made"
ok "new code outside of the module" bad elsewhere "is not in p_bad"
is "nothing was changed" 0 "$(cat /proc/cmdline | grep -c never)"
# Not at the function's own ftrace call, which is where it is on each architecture.
probe()
{
	for at in 8 12 16 20 24 28 32; do
		echo p:mine cmdline_proc_show+$at >/sys/kernel/tracing/kprobe_events &&
			echo 1 >/sys/kernel/tracing/events/kprobes/mine/enable && return
	done
}
ok "a probe in the function" probe
ok "is refused" refused p_kernel "has a probe at"
ok "without it" sh -c 'echo 0 >/sys/kernel/tracing/events/kprobes/mine/enable; echo >/sys/kernel/tracing/kprobe_events'
ok "it is loaded" load p_kernel
ok "tracing it" sh -c 'echo cmdline_proc_show >/sys/kernel/tracing/set_ftrace_filter &&
	echo function >/sys/kernel/tracing/current_tracer'
is "does not disturb" "this has been live patched" "$(cat /proc/cmdline)"
ok "with the graph tracer" sh -c 'echo cmdline_proc_show >/sys/kernel/tracing/set_graph_function &&
	echo function_graph >/sys/kernel/tracing/current_tracer'
is "does not disturb either" "this has been live patched" "$(cat /proc/cmdline)"
ok "switching ftrace off is refused or harmless" sh -c 'echo 0 >/proc/sys/kernel/ftrace_enabled; true'
is "as the patch is still on" "this has been live patched" "$(cat /proc/cmdline)"
echo 1 >/proc/sys/kernel/ftrace_enabled
ok "it is reverted while it is traced" unload p_kernel
is "the old code is back" 1 "$(grep -c rdinit /proc/cmdline)"
ok "no more tracing" sh -c 'echo nop >/sys/kernel/tracing/current_tracer; echo >/sys/kernel/tracing/set_ftrace_filter'
is "the old code is back" 1 "$(grep -c rdinit /proc/cmdline)"

ok "a reference by name" load p_refs
is "is right" "the kernel calls it seq_printf" "$(cat /proc/cmdline)"
ok "unloaded" unload p_refs
base=$(sed -n 's/ T _text$//p' /proc/kallsyms)
[ -n "$base" ] || base=$(sed -n 's/ T _stext$//p' /proc/kallsyms)
d=$((0x$(sed -n 's/ T kallsyms_lookup$//p' /proc/kallsyms) - 0x$base))
ok "a reference by distance" load p_refs distance=$d
is "is right" "the kernel calls it seq_printf" "$(cat /proc/cmdline)"
ok "unloaded" unload p_refs
ok "a wrong distance" rejected p_refs.ko distance=$((d + 4))
is "is refused" 1 "$(grep -c rdinit /proc/cmdline)"

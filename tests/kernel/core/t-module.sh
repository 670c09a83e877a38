# SPDX-License-Identifier: GPL-2.0-or-later
# Functions of a module: arguments, callers, data, loaded before the patch and after it.
old_many=$((1 + 2*2 + 3*3 + 4*4 + 5*5 + 6*6 + 7*7 + 8*8 + 9*9 + 10*10 + 11*11 + 12*12 + 13*13 + 14*14))
old_text="1 two 3 4 5 6 7 1099511627776 nine"

ok "the module is there" insmod victim.ko
is "many arguments arrive" $old_many "$(victim many)"
ok "a patch of a module is on" load p_module
is "new function, called by the new code, with its static data" "new 1" "$(victim plain)"
is "which is kept" "new 2" "$(victim plain)"
is "through a pointer to the old function" "new 3" "$(victim pointer)"
is "many arguments" $((old_many + 100000)) "$(victim many)"
is "variable arguments" "new $old_text" "$(victim varargs)"
is "structures by value" "10 40 60" "$(victim struct)"
is "a recursion" 2550 "$(victim recurse)"
is "a caller in its own module" 1215 "$(victim local)"
ok "the module's own file of functions does not go while it is used" busy p_module
ok "the module goes while the patch is on" rmmod victim
ok "and comes, patched before its init" insmod victim.ko
ok "as its init saw" sh -c "dmesg | tail -5 | grep 'victim: init sees new'"
is "all is as before" "new $old_text" "$(victim varargs)"
ok "the patch is reverted" unload p_module
is "the old code is back" old "$(victim plain)"
is "with many arguments" $old_many "$(victim many)"
is "and variable ones" "$old_text" "$(victim varargs)"
is "structures" "11 14 16" "$(victim struct)"
is "recursion" 1275 "$(victim recurse)"
is "a caller in its own module" 1115 "$(victim local)"
ok "the module goes" rmmod victim
ok "a patch of a module that is not there" load p_module
ok "can be reverted without it" unload p_module
ok "once more" load p_module
ok "the module comes late" insmod victim.ko
is "and is patched" "new 1" "$(victim plain | sed 's/[0-9]*$/1/')"
ok "reverted" unload p_module

ok "static data and a static function of the module" load p_local
is "are what they are" 7010 "$(victim secret)"
is "a caller in its own module" 1215 "$(victim local)"
is "again and again" "$(yes 1215 | head -200)" "$(i=0; while [ $i -lt 200 ]; do victim local; i=$((i + 1)); done)"
ok "reverted" unload p_local
is "old" 7 "$(victim secret)"
ok "the module goes again" rmmod victim
ok "references are made when the module comes" load p_local
ok "late" insmod victim.ko
is "and are right" "7010 1215" "$(victim secret) $(victim local)"
ok "reverted" unload p_local

ok "a patch that does not fit the module is refused" refused p_late "no symbol victim_that_is_not_there"
ok "the module goes" rmmod victim
ok "without the module it is on" load p_late
ok "then the module is refused" rejected victim.ko
ok "and the log says so" sh -c "dmesg | tail | grep 'p_late does not fit victim'"
ok "it is reverted" unload p_late
ok "now the module is loaded" insmod victim.ko

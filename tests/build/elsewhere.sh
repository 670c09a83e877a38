#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What a patch moves to another file is there already, for all that the patch does not change.
. "$(dirname "$0")/../lib/tree.sh"

refused()	# refused NAME...: each by its name, and no patch
{
	rm -f fix.sut
	builds 3 --source src --make make --object made/prog -o fix.sut fix.patch && says SUT-B044 "$@" && [ ! -e fix.sut ]
}

project variable
made make
rm -rf a b && cp -a src a && cp -a src b
sed -i 's/^int calls;/int total(void) { return calls; }/' b/main.c
sed -i 's/#include "h.h"/&\nint calls;/; s/+ 40/+ 50/' b/ans.c
difference fix.patch
ok 'a variable that goes to another file' refused "'calls': ans.c defines it, and what runs has it from main.c"

project function
made make
rm -rf a b && cp -a src a && cp -a src b
sed -i '2,$d' b/lib.c
sed '1d; s/n + 1/n + 2/' a/lib.c >>b/ans.c
difference fix.patch
ok 'a function that goes to another file, and changes' refused "'helper': ans.c defines it, and what runs has it from lib.c"

project weak
sed -i 's/^int helper/__attribute__((weak)) &/' src/lib.c
made make
rm -rf a b && cp -a src a && cp -a src b
sed 1d a/lib.c | sed 's/__attribute__((weak)) //; s/n + 1/n + 2/' >>b/ans.c
difference fix.patch
ok 'a function in place of a weak one' refused "'helper': ans.c defines it"

project static
sed -i 's/^int helper/int other(int n)\n{\n\treturn n;\n}\nint helper/' src/lib.c
made make
rm -rf a b && cp -a src a && cp -a src b
sed -i 's/#include "h.h"/&\nstatic __attribute__((noinline)) int other(int n)\n{\n\treturn n + 7 + calls;\n}/; s/+ 40/+ other(n)/' b/ans.c
difference fix.patch
ok 'a static function of a name that another file has' builds 0 --source src --make make --object made/prog -o fix.sut fix.patch
ok 'is its own' changes answer other

finish

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's libxml2 deb12u4, loaded by a python3 that parses in four threads, gets fixes of deb12u6. One of the
# update moves a member of a struct that lives on in the process: it is refused.
. "$(dirname "$0")/../lib/real.sh"

old=2.9.14+dfsg-1.3~deb12u4
must 'the update' fetch libxml2 2.9.14+dfsg-1.3~deb12u6
stock libxml2 $old
must 'a patch from its files' suture 0 build --deb libxml2=$old -o libxml2.sut --name libxml2 \
	$(patches CVE-2025-9714 CVE-2026-1757 CVE-2025-8732 CVE-2026-0990)
ok 'all code is proved' says 'proved' libxml2
ok 'a fix that moves a member' suture 3 build --deb libxml2=$old -o no.sut --name no $(patches CVE-2026-0989)
ok 'is refused for its layout' says SUT-B041
lib=$(echo "$stock"/usr/lib/*/libxml2.so.2.9.14)
must 'its libraries' libraries "$lib" 'libxml2_*'
python3 "$root/tests/real/users/documents.py" "$lib" run/stop >load.txt 2>&1 &
user=$!
started="$user $started"
must 'a program parses in four threads' wait_for grep ready load.txt
with_patch() { sleep 1; ok 'it goes on' kill -0 $user; }
without_patch() { sleep 1; ok 'it goes on' kill -0 $user; }
life libxml2 $user
touch run/stop
ok 'every result was right' wait $user
sed 's/^/# /' load.txt
finish

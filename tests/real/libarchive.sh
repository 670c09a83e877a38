#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's libarchive deb12u4, loaded by a python3 that writes archives and reads them again, gets three
# fixes of deb12u5.
. "$(dirname "$0")/../lib/real.sh"

old=3.6.2-1+deb12u4
must 'the update' fetch libarchive 3.6.2-1+deb12u5
stock libarchive $old
must 'a patch from three files' suture 0 build --deb libarchive=$old -o libarchive.sut --name libarchive \
	$(patches CVE-2026-14164 CVE-2026-15028 CVE-2026-16517)
ok 'all code is proved' says 'proved' libarchive
lib=$(echo "$stock"/usr/lib/*/libarchive.so.13.6.2)
must 'its libraries' libraries "$lib" 'libarchive13_*'
python3 "$root/tests/real/users/archive.py" "$lib" run/stop >load.txt 2>&1 &
user=$!
started="$user $started"
must 'a program writes archives' wait_for grep ready load.txt
with_patch() { sleep 1; ok 'it goes on' kill -0 $user; }
without_patch() { sleep 1; ok 'it goes on' kill -0 $user; }
life libarchive $user
touch run/stop
ok 'every archive was right' wait $user
sed 's/^/# /' load.txt
finish

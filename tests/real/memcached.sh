#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The fixes of memcached deb12u1 touch code that Debian does not compile in: the right answer is that the
# stock program needs no patch.
. "$(dirname "$0")/../lib/real.sh"

must 'the update' fetch memcached 1.6.18-1+deb12u1
rm -f memcached.sut
ok 'the fixes are built' suture 0 build --deb memcached=1.6.18-1 -o memcached.sut --name memcached \
	$(patches CVE-2023-46853 0009-CVE-2023-46852 0008-CVE-2026-47783)
ok 'and not needed' says 'not needed'
ok 'nothing is written' test ! -e memcached.sut
finish

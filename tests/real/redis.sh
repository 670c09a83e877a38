#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's redis-server deb12u7 with I/O threads gets five fixes of deb12u10 under a load that checks every
# answer. The payload of one fix's own regression test is accepted without the patch and refused with it.
. "$(dirname "$0")/../lib/real.sh"

old=5:7.0.15-1~deb12u7
port=17391
must 'the update' fetch redis 5:7.0.15-1~deb12u10
stock redis $old
must 'a patch from five files' suture 0 build --deb redis=$old -o redis.sut --name redis \
	$(patches CVE-2026-23631 CVE-2026-25243 CVE-2026-66373 CVE-2026-81934 CVE-2026-92925)
ok 'it is for redis-server, all code proved' says 'for redis-server' 'proved'
server=$stock/usr/bin/redis-server
must 'its libraries' libraries "$server" 'redis-tools_*'
begin "$server" --port $port --bind 127.0.0.1 --io-threads 4 --io-threads-do-reads yes --save '' \
	--appendonly no --dir "$work/run"
redis=$pid
must 'the stock server answers' wait_for "$LOAD" ping $port
"$LOAD" load $port 600 20 >load.txt 2>load.err &
load=$!
started="$load $started"
grep -o 'r RESTORE mystream 0 "[^"]*"' "$fixes/CVE-2026-66373.patch" >payload.txt
restore()	# restore KEY ANSWER
{
	got=$("$LOAD" restore $port "real:$1" <payload.txt)
	[ "$got" = "$2" ] || { echo "answers '$got'"; return 1; }
}
with_patch() { ok 'the corrupt stream is refused' restore with '-ERR Bad data format'; }
without_patch() { ok 'the corrupt stream is accepted again' restore after +OK; }
ok 'the corrupt stream is accepted' restore before +OK
life redis "$redis"
sleep 1
kill -TERM $load
ok 'the load saw no wrong answer' wait $load
sed 's/^/# /' load.txt
finish

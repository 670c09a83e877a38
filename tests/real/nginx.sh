#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Debian's nginx deb12u9, a master and three workers, gets two fixes of deb12u10 under checked requests; a
# third one, which changes signatures that stored pointers have, is refused.
. "$(dirname "$0")/../lib/real.sh"

old=1.22.1-9+deb12u9
port=17392
must 'the update' fetch nginx 1.22.1-9+deb12u10
stock nginx $old
must 'a patch from two files' suture 0 build --deb nginx=$old -o nginx.sut --name nginx \
	$(patches CVE-2026-56434 CVE-2026-60005)
ok 'all code is proved' says 'proved'
ok 'a fix that cannot be applied' suture 3 build --deb nginx=$old -o no.sut --name no $(patches CVE-2026-42533)
ok 'is refused for its signatures' says SUT-B029
ok 'nothing is written' test ! -e no.sut
server=$stock/usr/sbin/nginx
must 'its libraries' libraries "$server" 'nginx_*'
mkdir -p run/html run/logs
echo hello >run/html/index.html
cat >run/nginx.conf <<END
worker_processes 3; pid $work/run/nginx.pid; error_log $work/run/logs/error.log; daemon off;
events { worker_connections 256; }
http {
	access_log $work/run/logs/access.log;
	client_body_temp_path $work/run/t1; proxy_temp_path $work/run/t2; fastcgi_temp_path $work/run/t3;
	uwsgi_temp_path $work/run/t4; scgi_temp_path $work/run/t5;
	map \$request_uri \$m { "~^/(?<n>.*)$" \$n; }
	server {
		listen 127.0.0.1:$port; root $work/run/html;
		location /p/ { proxy_pass http://127.0.0.1:$port/; }
		location /r { rewrite ^/r/(.*)$ /\$1 last; }
		location /x { set \$a "\$m-\$uri"; return 200 "\$a"; }
	}
}
END
chmod -R a+rX "$work/run"
begin "$server" -p "$work/run" -c "$work/run/nginx.conf"
master=$pid
three_workers() { [ "$(pgrep -P $master | wc -l)" = 3 ]; }
must 'a master and three workers' wait_for three_workers
python3 "$root/tests/real/users/browser.py" $port run/stop >load.txt 2>&1 &
load=$!
started="$load $started"
no_worker_ended() { ! grep -E 'exited|alert|emerg' run/logs/error.log; }
with_patch() { sleep 1; ok 'the workers are the same' three_workers; }
without_patch() { sleep 1; ok 'the workers are the same' three_workers; }
sleep 1
life nginx $master $(pgrep -P $master)
touch run/stop
ok 'the load saw no wrong answer' wait $load
sed 's/^/# /' load.txt
ok 'no worker ended' no_worker_ended
finish

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The real case, whole: Debian's stock redis-server, without the security update, is patched while it
# serves, from Debian's own patch files. Every step checks what it claims; the first that fails ends it.
set -eu

cd "$(dirname "$0")/.."
top=$PWD
O=${O:-build}
suture=$top/$O/suture
work=$top/$O/demo
port=${DEMO_PORT:-17379}
old=5:7.0.15-1~deb12u7
fixes="CVE-2026-23631 CVE-2026-25243 CVE-2026-66373 CVE-2026-81934 CVE-2026-92925"

step() { printf '\n\033[1m== %s\033[0m\n' "$*"; }
run() {
	printf '$ %s\n' "$*"
	"$@"
}
die() {
	printf 'demo: %s\n' "$*" >&2
	exit 1
}

server= load=
finish() {
	[ -z "$load" ] || kill "$load" 2>/dev/null || true
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
}
trap finish EXIT
trap 'exit 130' INT TERM

step "the stock program and Debian's fixes"
mkdir -p "$work/dl"
(
	cd "$work/dl"
	ls redis-tools_*deb12u7_*.deb >/dev/null 2>&1 ||
		"$top/scripts/debsrc.sh" "$work/apt" binary redis-tools=$old redis-server=$old
	ls redis_*deb12u10.dsc >/dev/null 2>&1 ||
		"$top/scripts/debsrc.sh" "$work/apt" source redis=5:7.0.15-1~deb12u10
	rm -rf ../root ../update
	mkdir ../root
	for deb in redis-tools_*deb12u7_*.deb redis-server_*deb12u7_*.deb; do
		dpkg-deb -x "$deb" ../root
	done
	dpkg-source --no-check -x redis_*deb12u10.dsc ../update >/dev/null 2>&1
)
bin=$work/root/usr/bin/redis-server
needs=$(ldd "$bin" | awk '/not found/ { print $1 }')
if [ -n "$needs" ]; then
	echo "installing the libraries that redis-server is linked with"
	pkgs=$(dpkg-deb -f "$work"/dl/redis-tools_*deb12u7_*.deb Depends | tr ',' '\n' |
		sed 's/[ (|].*//; s/^ *//; /^$/d; s/^adduser$//' | sed 's/^ *//' | tr '\n' ' ')
	pkgs=$(dpkg-deb -f "$work"/dl/redis-tools_*deb12u7_*.deb Depends | tr ',' '\n' |
		awk '{ print $1 }' | tr '\n' ' ')
	if [ "$(id -u)" = 0 ]; then apt-get install -y -qq $pkgs >/dev/null; else
		sudo apt-get install -y -qq $pkgs >/dev/null
	fi
fi
file=$(readlink -f "$bin")
echo "redis-server $old: $(stat -c %s "$file") bytes, $(readelf -S "$file" | grep -c '\.symtab') symbol tables"
patches=
for cve in $fixes; do
	patches="$patches $work/update/debian/patches/$cve.patch"
	grep -m1 '^Subject:' "$work/update/debian/patches/$cve.patch" || true
done

step "it runs, with I/O threads and a client that checks every answer"
mkdir -p "$work/run"
"$bin" --port "$port" --bind 127.0.0.1 --io-threads 4 --io-threads-do-reads yes --save '' \
	--appendonly no --enable-debug-command yes --dir "$work/run" >"$work/redis.log" 2>&1 &
server=$!
for i in $(seq 100); do
	"$top/$O/demo-load" ping "$port" 2>/dev/null && break
	sleep 0.1
done
"$top/$O/demo-load" ping "$port" || die "redis-server does not answer: see $work/redis.log"
"$top/$O/demo-load" load "$port" 600 20 >"$work/load.txt" 2>"$work/load.err" &
load=$!
echo "pid $server, $(ls /proc/$server/task | wc -l) threads"

# The payload of the fix's own regression test: two consumers share one pending entry.
payload=$work/payload.txt
grep -o 'r RESTORE mystream 0 "[^"]*"' "$work/update/debian/patches/CVE-2026-66373.patch" >"$payload"
restore() { "$top/$O/demo-load" restore "$port" "demo:$1" <"$payload"; }
answer=$(restore before)
echo "RESTORE of the corrupt stream of CVE-2026-66373: $answer"
[ "$answer" = +OK ] || die "the stock server should accept it"

step "one live patch from Debian's five patch files, unmodified"
run "$suture" build --deb redis=$old --name redis-7.0.15-cve --object "$file" \
	-o "$work/redis.sut" $patches

step "check, apply"
run "$suture" check "$work/redis.sut" "$server"
run "$suture" apply "$work/redis.sut" "$server"
answer=$(restore with)
echo "RESTORE of the corrupt stream: $answer"
[ "$answer" = "-ERR Bad data format" ] || die "the patched server should refuse it"
run "$suture" apply "$work/redis.sut" "$server"

step "status, stack"
run "$suture" status "$server"
"$suture" stack "$server" >"$work/stack.txt"
printf '$ suture stack %s | head -12\n' "$server"
head -12 "$work/stack.txt"

step "revert"
run "$suture" revert redis-7.0.15-cve "$server"
answer=$(restore after)
echo "RESTORE of the corrupt stream: $answer"
[ "$answer" = +OK ] || die "the reverted server should accept it again"
run "$top/$O/tests/memtext" "$server"

step "the client"
sleep 1
kill -TERM "$load"
wait "$load" || die "the client saw wrong answers: $(cat "$work/load.err")"
load=
cat "$work/load.txt"
echo
echo "Done: patched and reverted under load, without a restart."

#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The assembler and linker of another Debian suite, unpacked into a folder; nothing of the system is
# changed. Usage: suite-binutils.sh DIR SUITE [PACKAGE...]
# Afterwards `DIR/run TRIPLET-as ...` runs them, with the suite's own C library. PACKAGE are those that hold them.
set -eu

dir=$1
suite=$2
shift 2
[ $# -gt 0 ] || set -- binutils-x86-64-linux-gnu binutils-aarch64-linux-gnu
[ ! -x "$dir/run" ] || exit 0
[ "$(dpkg --print-architecture)" = amd64 ] || { echo "only amd64 hosts are known here"; exit 1; }
mirror=$(sed -n 's/^URIs: *\(.*debian\)\/*$/\1/p; s/^deb .*\(http[^ ]*debian\)\/* .*/\1/p' \
	/etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | head -1)
[ -n "$mirror" ] || { echo "no Debian archive is among the system's sources"; exit 1; }

rm -rf "$dir"
mkdir -p "$dir/sources" "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/root"
dir=$(cd "$dir" && pwd)
cat >"$dir/apt.conf" <<END
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "$dir/sources";
Dir::State::lists "$dir/lists";
Dir::Cache "$dir/cache";
Acquire::Languages "none";
APT::Sandbox::User "root";
END
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" \
	>"$dir/sources/suite.list"
export APT_CONFIG="$dir/apt.conf"
apt-get update -qq
cd "$dir/cache"
sframe=$(apt-cache --names-only search '^libsframe[0-9]*$' | sed 's/ .*//' | tail -1)
apt-get download -qq "$@" libbinutils libc6 "${sframe:?the suite has no libsframe}"
for f in ./*.deb; do dpkg-deb -x "$f" "$dir/root"; done
rm -rf "$dir/lists" "$dir/cache"
cat >"$dir/run.new" <<END
#!/bin/sh
root=$dir/root/usr
tool=\$1
shift
exec \$root/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 --library-path \\
	\$root/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu "\$root/bin/\$tool" "\$@"
END
chmod +x "$dir/run.new"
mv "$dir/run.new" "$dir/run"

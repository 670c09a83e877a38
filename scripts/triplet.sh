#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The compiler's name of an architecture, from Debian's name of it.
# PORT: its name in Debian, its triplet
case $1 in
amd64) echo x86_64-linux-gnu ;;
arm64) echo aarch64-linux-gnu ;;
armhf) echo arm-linux-gnueabihf ;;
ppc64el) echo powerpc64le-linux-gnu ;;
riscv64) echo riscv64-linux-gnu ;;
*)
	echo "$1: not one of amd64, arm64, armhf, ppc64el, riscv64" >&2
	exit 2
	;;
esac

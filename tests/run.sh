#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs one test, whatever it is made of: for prove's --exec.
# PORT: its name behind an @ is a test of its guest
case $1 in
tests/*@a*64 | tests/*@a*64max | tests/*@armhf | tests/*@ppc64el | tests/*@riscv64) exec sh tests/guest/show.sh "$@" ;;
tests/random/*) exec sh tests/random/run.sh "$@" ;;
tests/live/*) exec sh tests/live/run.sh "$@" ;;
*.sh) exec sh "$@" ;;
*) exec "$@" ;;
esac

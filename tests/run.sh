#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Runs one test, whatever it is made of: for prove's --exec.
case $1 in
tests/random/*) exec sh tests/random/run.sh "$@" ;;
tests/live/*) exec sh tests/live/run.sh "$@" ;;
*.sh) exec sh "$@" ;;
*) exec "$@" ;;
esac

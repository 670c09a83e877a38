#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Fetches Debian packages through a private apt configuration (apt-private.sh) into the current folder.
# Usage: debsrc.sh DIR source NAME=VERSION | binary NAME=VERSION ...
set -eu

dir=$1
what=$2
shift 2

APT_CONFIG=$("$(dirname "$0")/apt-private.sh" "$dir")
export APT_CONFIG
case $what in
source) apt-get source -qq --download-only "$@" ;;
binary) apt-get download -qq "$@" ;;
*) exit 2 ;;
esac

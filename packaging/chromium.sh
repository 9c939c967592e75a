#!/bin/sh
# Installs Debian's Chromium for the browser tests when no chromium is there.
set -eu

command -v chromium >/dev/null && exit 0
command -v apt-get >/dev/null || {
	echo "chromium: install a chromium that is found on PATH; only Debian's can be installed from here." >&2
	exit 1
}
as_root=""
[ "$(id -u)" = 0 ] || as_root=sudo
echo "chromium: installing Debian's package"
$as_root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends chromium >/dev/null

#!/bin/sh
# Installs Debian's Chromium for the browser tests when no chromium is there.
set -eu

command -v chromium >/dev/null && exit 0
command -v apt-get >/dev/null || {
	echo "chromium: install a chromium that is found on PATH; only Debian's can be installed from here." >&2
	exit 1
}
as_root=""
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "chromium: installing needs root; run \`apt-get install chromium\` as root first." >&2
		exit 1
	}
	as_root=sudo
fi
echo "chromium: installing Debian's package"
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null

#!/bin/sh
# Installs Debian's package of a program that tests need, when the program is not there. Usage: debian.sh PROGRAM
set -eu

program=$1
command -v "$program" >/dev/null && exit 0
command -v apt-get >/dev/null || {
	echo "$program: install one that is found on PATH; only Debian's can be installed from here." >&2
	exit 1
}
as_root=""
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "$program: installing needs root; run \`apt-get install $program\` as root first." >&2
		exit 1
	}
	as_root=sudo
fi
echo "$program: installing Debian's package"
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$program" >/dev/null

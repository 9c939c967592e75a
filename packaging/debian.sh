#!/bin/sh
# Installs a package of Debian that tests need, when it is missing. Usage: debian.sh PACKAGE [CHECK…]
# The package is there when the command CHECK succeeds; without one, when a program of its name is found.
set -eu

package=$1
shift
[ $# -gt 0 ] || set -- command -v "$package"
"$@" >/dev/null 2>&1 && exit 0
command -v apt-get >/dev/null || {
	echo "$package: install it; only Debian's package can be installed from here." >&2
	exit 1
}
as_root=""
if [ "$(id -u)" != 0 ]; then
	command -v sudo >/dev/null || {
		echo "$package: installing needs root; run \`apt-get install $package\` as root first." >&2
		exit 1
	}
	as_root=sudo
fi
echo "$package: installing Debian's package"
$as_root apt-get update -qq
$as_root env DEBIAN_FRONTEND=noninteractive \
	apt-get install -y -qq --no-install-recommends "$package" >/dev/null

#!/bin/sh
# Brings schemathesis, which tests the API against its document: a pinned PyPI package in a virtual environment of the
# user's cache. Debian's python3-venv is installed when it is missing.
set -eu

VERSION=4.32.5

cache="${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/shopfunnel/schemathesis"
if [ "$(cat "$cache/version" 2>/dev/null)" = "$VERSION" ]; then
	exit 0
fi
if ! python3 -c 'import ensurepip, venv' 2>/dev/null; then
	command -v apt-get >/dev/null || {
		echo "schemathesis: Python 3 with its venv module is needed; install it." >&2
		exit 1
	}
	as_root=""
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || {
			echo "schemathesis: installing needs root; run \`apt-get install python3-venv\` as root first." >&2
			exit 1
		}
		as_root=sudo
	fi
	echo "schemathesis: installing Debian's python3-venv"
	$as_root apt-get update -qq
	$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
fi

echo "schemathesis: bringing $VERSION into $cache"
# A virtual environment knows its own path, so it is made where it stays. The file is its last part: without it
# whatever lies there is made anew.
rm -rf "$cache"
mkdir -p "$cache"
python3 -m venv "$cache"
if ! "$cache/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$VERSION"; then
	echo "schemathesis: pip could not bring schemathesis $VERSION." >&2
	exit 1
fi
echo "$VERSION" >"$cache/version"
echo "schemathesis: ready"

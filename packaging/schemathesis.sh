#!/bin/sh
# Brings schemathesis, which tests the API against its document: a pinned PyPI package in a virtual
# environment of the user's cache. Debian's python3-venv is installed when it is missing.
set -eu

what=schemathesis
. "$(dirname "$0")/bring.sh"

VERSION=4.32.5
if [ "$(cat "$cache/version" 2>/dev/null)" = "$VERSION" ]; then
	exit 0
fi
"$(dirname "$0")/debian.sh" python3-venv python3 -c 'import ensurepip, venv'

say "bringing $VERSION into $cache"
# A virtual environment knows its own path, so it is made where it stays. The file is its last part: without
# it whatever lies there is made anew.
rm -rf "$cache"
mkdir -p "$cache"
python3 -m venv "$cache"
"$cache/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$VERSION" ||
	fail "pip could not bring schemathesis $VERSION."
echo "$VERSION" >"$cache/version"
say "ready"

#!/bin/sh
# Brings MaxMind's own test databases, good and broken ones, out of a pinned Python package into the user's cache.
# Only the tests read them. The checksum is of the package as published.
set -eu

VERSION=3.2.0
SHA512=f9e600de2bc4ec940aecf639b4ff590750472ca95a31cac2b937bc6dc42ce69b4e3fef46ee5856b02b0eac31b5e465f784628af339c5b0dffc662acb062edc4b

cache="${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/shopfunnel/geo-test-data"
if [ -d "$cache/$VERSION" ]; then
	exit 0
fi
python3 -m pip --version >/dev/null 2>&1 || { echo "geo-test-data: pip is needed to bring the test databases; install python3-pip." >&2; exit 1; }

mkdir -p "$cache"
work=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

echo "geo-test-data: bringing MaxMind's test databases into $cache"
python3 -m pip download "maxminddb==$VERSION" --no-deps --no-binary :all: --disable-pip-version-check --quiet --dest "$work" >&2 ||
	{ echo "geo-test-data: pip could not bring maxminddb $VERSION." >&2; exit 1; }
package="$work/maxminddb-$VERSION.tar.gz"
if ! echo "$SHA512  $package" | sha512sum --check --status; then
	echo "geo-test-data: the package's checksum is wrong; nothing was installed." >&2
	exit 1
fi
mkdir "$work/$VERSION"
tar -xzf "$package" -C "$work/$VERSION" --strip-components=3 "maxminddb-$VERSION/tests/data/test-data" "maxminddb-$VERSION/tests/data/bad-data"
mv -T "$work/$VERSION" "$cache/$VERSION" 2>/dev/null || [ -d "$cache/$VERSION" ]
echo "geo-test-data: ready"

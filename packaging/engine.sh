#!/bin/sh
# Brings the embedded ClickHouse engine: one shared library out of a pinned npm package, into the user's
# cache. For whoever has not built the program yet: `shopfunnel engine install` does the same without npm.
set -eu

what=engine
. "$(dirname "$0")/bring.sh"

case "$(uname -s)-$(uname -m)" in
Linux-x86_64) platform=linux-x86_64 ;;
Linux-aarch64) platform=linux-aarch64 ;;
*) platform=other ;;
esac
pinned "$platform" || fail "no package is pinned for $(uname -s) $(uname -m) yet; name a libchdb.so with" \
	"SHOPFUNNEL_ENGINE__LIBRARY, or a ClickHouse server with SHOPFUNNEL_CLICKHOUSE__URL."
is_installed || install_npm_package "ClickHouse $VERSION (178 MB, unpacked 566 MB)"

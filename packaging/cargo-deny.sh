#!/bin/sh
# Holds the dependencies to deny.toml. Brings cargo-deny in a pinned version into the user's cache, which
# takes some minutes the first time. Advisories are looked up where their database can be fetched, and skipped
# with a sentence where not.
set -eu

what=cargo-deny
. "$(dirname "$0")/bring.sh"

VERSION=0.20.2
deny="$cache/$VERSION/bin/cargo-deny"
if [ ! -x "$deny" ]; then
	say "bringing $VERSION into $cache"
	build=$(mktemp -d)
	trap 'rm -rf "$build"' EXIT
	cargo install --quiet --locked --version "=$VERSION" --root "$cache/$VERSION" --target-dir "$build" \
		cargo-deny ||
		fail "cargo could not install cargo-deny $VERSION."
fi

cd "$(dirname "$0")/.."
"$deny" --log-level error --locked check licenses bans sources

# A database that cannot be fetched is no fault of the dependencies; what it says, when it is there, is.
log=$(mktemp)
trap 'rm -rf "${build:-}" "$log"' EXIT
if "$deny" --log-level error --locked check advisories >"$log" 2>&1; then
	echo "advisories ok"
elif grep -q "failed to fetch advisory database" "$log"; then
	say "advisories are skipped: their database cannot be fetched from here"
else
	cat "$log" >&2
	exit 1
fi

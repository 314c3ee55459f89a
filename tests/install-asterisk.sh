#!/bin/sh
# Fetches what the live tests run on: Asterisk 22 (and 16 with CALLTRACKD_LIVE16=1), unpacked below
# .cache/asterisk. Needs apt and a Debian mirror in it, no root: where mmdebstrap is not installed, its
# package is unpacked beside. Says why where it can't be had; the tests say the same and skip, or, in
# CI, fail.
cd "$(dirname "$0")/.." || exit 1
command -v apt-get >/dev/null || { echo "no apt here: no Asterisk for live tests"; exit 0; }
if ! command -v mmdebstrap >/dev/null && [ "$(id -u)" = 0 ] && ! apt-cache show mmdebstrap >/dev/null 2>&1; then
    apt-get -qq -o DPkg::Lock::Timeout=300 update
fi
exec .venv/bin/python -m tests.lab.packages 22 ${CALLTRACKD_LIVE16:+16}

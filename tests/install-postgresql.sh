#!/bin/sh
# Installs PostgreSQL's server programs for the tests (Debian, Ubuntu). Does nothing when they are
# there or when it has not the right to; the tests then say what they miss. The server that the
# package would start by itself is not wanted: the tests start their own.
set -eu

if ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    exit 0
fi
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null; then
    echo "PostgreSQL is not installed; as root: apt-get install postgresql" >&2
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
conf=/etc/postgresql-common/createcluster.conf
if [ ! -e "$conf" ]; then
    mkdir -p "$(dirname "$conf")"
    echo "create_main_cluster = false" >"$conf"
fi
apt-get -o DPkg::Lock::Timeout=300 update -qq
exec apt-get -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold \
    install -y -qq --no-install-recommends postgresql

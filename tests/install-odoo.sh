#!/bin/sh
# Fetches what the live tests of the Odoo connector run on: Odoo 19, unpacked below .cache/odoo with a
# virtual environment of its own. Needs apt, Debian's keyring and a mirror, no root. Says why where it
# can't be had; the tests say the same and skip, or, in CI, fail.
cd "$(dirname "$0")/.." || exit 1
command -v apt-get >/dev/null || { echo "no apt here: no Odoo for live tests"; exit 0; }
exec .venv/bin/python -m tests.lab.odoo_packages

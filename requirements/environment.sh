#!/bin/sh
# Make .venv with a Python >= 3.11 of this machine, or say clearly that there is none. PYTHON=... chooses one.
# An environment that works and was made for this folder is left alone.
set -eu

usable='import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))'
if [ "$(cat .venv/.made-in 2>/dev/null)" = "$(pwd -P)" ] && .venv/bin/python -c "$usable" 2>/dev/null; then
    exit 0
fi
candidates=${PYTHON:-python3.13 python3.12 python3.11 python3}
for python in $candidates; do
    if "$python" -c "$usable" >/dev/null 2>&1; then
        echo "Making .venv with $("$python" --version) and installing what the product needs"
        rm -rf .venv
        exec "$python" -m venv .venv
    fi
done
echo "Posthouse needs Python 3.11 or newer with its venv module, and found none (tried: $candidates)." >&2
echo "Install one (on Debian: python3 and python3-venv), or name it: make setup PYTHON=/path/to/python3" >&2
exit 1

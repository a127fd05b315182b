#!/bin/sh
# Make .venv with a Python >= 3.11 of this machine, or say clearly that there is none. PYTHON=... chooses one; else it is the
# fastest of those on the PATH: builds of one version differ by half, and every mail runs through it (requirements/pace.py).
# An environment that works and was made for this folder is left alone.
set -eu

names='python3.13 python3.12 python3.11 python3'
# Its true name, of one that can be used.
usable='import os, sys, ensurepip, venv; sys.version_info < (3, 11) and sys.exit(1); print(os.path.realpath(sys.executable))'
if [ "$(cat .venv/.made-in 2>/dev/null)" = "$(pwd -P)" ] && .venv/bin/python -c "$usable" >/dev/null 2>&1; then
    exit 0
fi
if [ -n "${PYTHON:-}" ]; then
    candidates=$PYTHON
else
    candidates=
    IFS=:
    for folder in $PATH; do
        IFS=' '
        for name in $names; do
            [ -x "$folder/$name" ] && candidates="$candidates:$folder/$name"
        done
    done
fi

IFS=:
seen=: best= least=
for python in $candidates; do
    [ -n "$python" ] || continue
    true_name=$("$python" -c "$usable" 2>/dev/null) || continue
    case $seen in *":$true_name:"*) continue ;; esac
    seen="$seen$true_name:"
    pace=$("$python" -S -E requirements/pace.py) || continue
    if [ -z "$best" ] || [ "$pace" -lt "$least" ]; then
        best=$python least=$pace
    fi
done
if [ -n "$best" ]; then
    echo "Making .venv with $("$best" --version) ($best) and installing what the product needs"
    rm -rf .venv
    exec "$best" -m venv .venv
fi
echo "Posthouse needs Python 3.11 or newer with its venv module, and found none (tried: ${PYTHON:-$names})." >&2
echo "Install one (on Debian: python3 and python3-venv), or name it: make setup PYTHON=/path/to/python3" >&2
exit 1

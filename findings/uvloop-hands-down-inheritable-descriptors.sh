#!/bin/sh
# uvloop 0.23.0 on CPython 3.11: a subprocess started without `close_fds` and `pass_fds` keeps every inheritable descriptor
# of its parent. The standard loop, given the same call, closes them (subprocess.Popen closes all but 0 to 2 by default,
# https://docs.python.org/3/library/subprocess.html). A program that was itself started with an open descriptor (by flock, by
# a supervisor, by socket activation) therefore gives it to all its children once it runs on uvloop, listening sockets included.
#
# Seen: "standard closed" and "uvloop open". Fails when that changes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check uvloop==0.23.0 2>/dev/null
cat > "$folder/check.py" <<'PYTHON'
import asyncio
import os
import sys

import uvloop

CHILD = """
import os, sys
try:
    os.fstat(int(sys.argv[1]))
    print("open")
except OSError:
    print("closed")
"""


async def state_in_child() -> str:
    _, descriptor = os.pipe()
    os.set_inheritable(descriptor, True)
    child = await asyncio.create_subprocess_exec(sys.executable, "-c", CHILD, str(descriptor), stdout=asyncio.subprocess.PIPE)
    output, _ = await child.communicate()
    return output.decode().strip()


seen = [f"standard {asyncio.run(state_in_child())}", f"uvloop {uvloop.run(state_in_child())}"]
print("uvloop", uvloop.__version__, "Python", sys.version.split()[0], seen)
sys.exit(seen != ["standard closed", "uvloop open"])
PYTHON
"$folder/venv/bin/python" "$folder/check.py"

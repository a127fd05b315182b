"""Patterns mean the same on every Python that we run on."""

import re
from pathlib import Path
from typing import Final

SOURCE: Final = Path(__file__).parents[2] / "src" / "posthouse"
GROUP: Final = re.compile(r"(?<!\()\)(?:[*?+]|\{[0-9,]+\})\+|\(\?>")
HARMLESS: Final = {"mail/html.py": 1}  # whatever fails in it fails at its first letter


def test_no_group_is_possessive() -> None:
    """Before CPython 3.11.5 a possessive group that fails half-way goes on behind what it had read (gh-106052): ``a.@b`` was an
    address.
    """
    found = {}
    for path in sorted(SOURCE.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        lines = [line for line in text.splitlines() if GROUP.search(line) and "'()*+,;=" not in line and "$&'()*+" not in line]
        if lines and "re.compile" in text:
            found[path.relative_to(SOURCE).as_posix()] = len(lines)
    assert found == HARMLESS

"""Which spellings are one address here?

A to Z of the local part count as a to z: RFC 5321 section 2.4 lets receivers tell them apart, and next to none does. Needless
quotes (section 4.1.2) are dropped. Nothing beyond ASCII is folded, and nothing at all on the wire: this is for look-ups only.

Must never know: what is looked up, or where.
"""

import re
from typing import Final

_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}
_ATOMS: Final = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\x80-\U0010ffff]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\x80-\U0010ffff]+)*"
)
_QUOTED_PAIR: Final = re.compile(r"\\(.)")


def fold(address: str) -> str:
    """The form under which an address is looked up; ``address`` as ``mail.address`` parsed it (its domain in A-labels)."""
    local, _, domain = address.rpartition("@")
    if local.startswith('"'):
        bare = _QUOTED_PAIR.sub(r"\1", local[1:-1])
        local = bare if _ATOMS.fullmatch(bare) else local
    return f"{local.translate(_LOWER)}@{domain.lower()}"

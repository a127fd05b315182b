"""An address that is erased, and what was deleted of it."""

import msgspec


class AddressToErase(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be erased.

    ``spellings``: the folded address, quoted and not; ``pattern``: what finds it in a text (a Postgres ARE).

        ``core``: finds what the pattern finds and a little more, fast.
    """

    tenant: int
    lookup: bytes
    spellings: tuple[str, ...]
    core: str
    pattern: str
    reason: str
    actor: str

    @property
    def domain(self) -> str:
        """With its ``@``."""
        return self.spellings[0][self.spellings[0].rindex("@") :]


class ErasedRows(msgspec.Struct, frozen=True):
    """What was deleted. ``pending``: messages whose content stays because others of it still wait."""

    messages: int
    stopped: int
    pending: int

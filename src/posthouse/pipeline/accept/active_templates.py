"""Which version of a template does a message get? The tenant's active one, or the one it pins; ready-made ones where it has none (C3).

A version never changes once it is written, so it is loaded once and kept; which one is active is remembered for
``MEMORY`` seconds, and forgotten at once in the process in which it was switched. A tenant's own template of a
ready-made name wins as soon as a version of it is active.

Known sharp edges: after a switch another process may accept mail with the version before for as long as the memory
lasts; each such mail is wholly that version. What may be pinned may be pinned for ever, so that is not asked again.
"""

import difflib
from collections import OrderedDict
from typing import Final

from posthouse.model.clock import Clock
from posthouse.model.send_request import Rejection
from posthouse.model.template import TemplateVersion
from posthouse.model.template_state import MAY_BE_PINNED
from posthouse.store.postgres.database import Database
from posthouse.store.templates import versions
from posthouse.templates.draft import NAME
from posthouse.templates.ready_made import READY_MADE

MEMORY: Final = 3.0  # seconds
MOST_NAMES: Final = 10_000
MOST_CHARACTERS: Final = 64 << 20
_LARGEST: Final = 2**31 - 1


class ActiveTemplates:
    """One per process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Nothing is remembered yet."""
        self._database = database
        self._clock = clock
        self._active: dict[tuple[int, str], tuple[float, int | None]] = {}
        self._versions: OrderedDict[tuple[int, str, int], TemplateVersion] = OrderedDict()
        self._characters = 0
        self._room = MOST_CHARACTERS

    async def find(self, tenant: int, name: str, pinned: int | None = None) -> TemplateVersion | Rejection:
        """The version a message is made from, or why there is none."""
        own = await (self._current(tenant, name) if pinned is None else self._pinned(tenant, name, pinned))
        if own is not None:
            return own
        ready = READY_MADE.get(name)
        if ready is not None and pinned in (None, ready.version):
            return ready
        return Rejection("template_not_active", await self._why(tenant, name, pinned))

    def forget(self, tenant: int, name: str) -> None:
        """Another version may be active from now on."""
        self._active.pop((tenant, name), None)

    async def _current(self, tenant: int, name: str) -> TemplateVersion | None:
        if not NAME.fullmatch(name):
            return None
        now = self._clock.monotonic()
        known = self._active.get((tenant, name))
        if known is None or now - known[0] > MEMORY:
            known = (now, await versions.active(self._database, tenant, name))
            if len(self._active) >= MOST_NAMES:
                self._active.clear()
            self._active[tenant, name] = known
        return None if known[1] is None else await self._version(tenant, name, known[1])

    async def _pinned(self, tenant: int, name: str, number: int) -> TemplateVersion | None:
        if not NAME.fullmatch(name) or not 1 <= number <= _LARGEST:
            return None
        return await self._version(tenant, name, number)

    async def _version(self, tenant: int, name: str, number: int) -> TemplateVersion | None:
        """The version, where mail may be made from it."""
        key = (tenant, name, number)
        kept = self._versions.get(key)
        if kept is not None:
            self._versions.move_to_end(key)
            return kept
        async with self._database.session() as session:
            found = await versions.worded(session, tenant, name, number)
        if found is None or found.about.state not in MAY_BE_PINNED:
            return None
        self._keep(key, found.template)
        return found.template

    def _keep(self, key: tuple[int, str, int], version: TemplateVersion) -> None:
        if key not in self._versions:
            self._characters += _size(version)
        self._versions[key] = version
        while self._characters > self._room and len(self._versions) > 1:
            self._characters -= _size(self._versions.popitem(last=False)[1])

    async def _why(self, tenant: int, name: str, pinned: int | None) -> str:
        """In words for the caller."""
        shown = name[:128]
        async with self._database.session() as session:
            newest = await versions.versions(session, tenant, name, limit=1) if NAME.fullmatch(name) else []
        if newest and pinned is not None:
            if pinned > newest[0].version:
                return f"there is no version {pinned} of the template {shown!r}; the newest is {newest[0].version}"
            return f"version {pinned} of the template {shown!r} was never approved or active, so no message can be made from it"
        if newest:
            state = newest[0].state.value.replace("_", " ")
            return f"no version of the template {shown!r} is active: the newest, {newest[0].version}, is {state}"
        ready = READY_MADE.get(name)
        if ready is not None:
            return f"there is no version {pinned} of the ready-made template {shown!r}, only {ready.version}"
        near = difflib.get_close_matches(shown, READY_MADE, 1)
        known = ", ".join(sorted(READY_MADE))
        return f"there is no template {shown!r}; " + (f"did you mean {near[0]!r}?" if near else f"ready-made are {known}")


def _size(version: TemplateVersion) -> int:
    return sum(len(wording.subject) + len(wording.html) + len(wording.text) for wording in version.compiled_templates.values())

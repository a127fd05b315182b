"""Which version of a template does a message get? The tenant's active one, or the one it pins, else a ready-made one (C3).

A version never changes once it is written, so it is loaded once and cached; which one is active is cached for
``MEMORY`` seconds, and forgotten at once in the process in which it was switched. A tenant's own template of a
ready-made name wins as soon as a version of it is active.

Known sharp edges: after a switch another process may accept mail with the version before for as long as the cache
lasts; each such mail is wholly that version. A version that may be pinned may be pinned for ever, so its state is not checked
again.
"""

import difflib
from collections import OrderedDict
from typing import Final

from posthouse.model.clock import Clock
from posthouse.model.send_request import Environment, Rejection
from posthouse.model.template import TemplateVersion
from posthouse.model.template_state import MAY_BE_PINNED
from posthouse.store.postgres.database import Database
from posthouse.store.templates import versions
from posthouse.store.ttl_cache import TtlCache
from posthouse.templates.draft import NAME
from posthouse.templates.ready_made import READY_MADE

MEMORY: Final = 3.0  # seconds
MAX_CHARACTERS: Final = 64 << 20  # of all cached versions together
_MAX_NUMBER: Final = 2**31 - 1  # of the column's type
_NONE_ACTIVE: Final = 0
_Place = tuple[int, Environment, str]  # tenant, environment, name


class ActiveTemplates:
    """One per process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._active = TtlCache(self._find_active, MEMORY, clock.monotonic)
        self._versions: OrderedDict[tuple[int, Environment, str, int], TemplateVersion] = OrderedDict()
        self._characters = 0
        self._max_characters = MAX_CHARACTERS

    async def find(
        self, tenant: int, environment: Environment, name: str, pinned: int | None = None
    ) -> TemplateVersion | Rejection:
        """The version a message is rendered from, or why there is none."""
        place = (tenant, environment, name)
        own = await (self._find_current(place) if pinned is None else self._find_pinned(place, pinned))
        if own is not None:
            return own
        ready_made = READY_MADE.get(name)
        if ready_made is not None and pinned in (None, ready_made.version):
            return ready_made
        return Rejection("template_not_active", await self._explain(tenant, name, pinned))

    def forget(self, tenant: int, name: str) -> None:
        """Another version may be active from now on."""
        for environment in Environment:
            self._active.forget((tenant, environment, name))

    async def _find_current(self, place: _Place) -> TemplateVersion | None:
        if not NAME.fullmatch(place[2]):
            return None
        number = await self._active.get(place) or _NONE_ACTIVE
        return None if number == _NONE_ACTIVE else await self._find_version(place, number)

    async def _find_active(self, place: _Place) -> int:
        """The number of the active version; that none is active is cached as well."""
        tenant, environment, name = place
        return await versions.active(self._database, tenant, name, environment) or _NONE_ACTIVE

    async def _find_pinned(self, place: _Place, number: int) -> TemplateVersion | None:
        if not NAME.fullmatch(place[2]) or not 1 <= number <= _MAX_NUMBER:
            return None
        return await self._find_version(place, number)

    async def _find_version(self, place: _Place, number: int) -> TemplateVersion | None:
        """The version, if messages may be rendered from it: in test any, so that a draft can be tried."""
        tenant, environment, name = place
        key = (*place, number)
        cached = self._versions.get(key)
        if cached is not None:
            self._versions.move_to_end(key)
            return cached
        async with self._database.session() as session:
            stored = await versions.version_with_sources(session, tenant, name, number)
        if stored is None or (environment is Environment.LIVE and stored.about.state not in MAY_BE_PINNED):
            return None
        self._cache(key, stored.template)
        return stored.template

    def _cache(self, key: tuple[int, Environment, str, int], version: TemplateVersion) -> None:
        if key not in self._versions:
            self._characters += _size(version)
        self._versions[key] = version
        while self._characters > self._max_characters and len(self._versions) > 1:
            self._characters -= _size(self._versions.popitem(last=False)[1])

    async def _explain(self, tenant: int, name: str, pinned: int | None) -> str:
        """Why there is no version to render, for the caller."""
        short_name = name[:128]
        async with self._database.session() as session:
            newest = await versions.versions(session, tenant, name, limit=1) if NAME.fullmatch(name) else []
        if newest and pinned is not None:
            if pinned > newest[0].version:
                return f"there is no version {pinned} of the template {short_name!r}; the newest is {newest[0].version}"
            return (
                f"version {pinned} of the template {short_name!r} was never approved or active, so no message can be made from it"
            )
        if newest:
            state = newest[0].state.value.replace("_", " ")
            return f"no version of the template {short_name!r} is active: the newest, {newest[0].version}, is {state}"
        ready_made = READY_MADE.get(name)
        if ready_made is not None:
            return f"there is no version {pinned} of the ready-made template {short_name!r}, only {ready_made.version}"
        close = difflib.get_close_matches(short_name, READY_MADE, 1)
        hint = f"did you mean {close[0]!r}?" if close else f"ready-made are {', '.join(sorted(READY_MADE))}"
        return f"there is no template {short_name!r}; {hint}"


def _size(version: TemplateVersion) -> int:
    return sum(len(wording.subject) + len(wording.html) + len(wording.text) for wording in version.compiled_templates.values())

"""Settings read again while we run: on SIGHUP, or when the file of a secret changed (contract, "Environment"; R6, G3).

What was read is tried before anybody depends on it: settings that cannot be used, a database that does not let us in
and a key that does not open it change nothing, are told in one line, and are tried again until they can be used (a
secret's file often changes a moment before the password does). Then one child after the other is renewed, so that no
send is refused meanwhile.

A new secret key goes round twice: first everybody can open what it sealed, then it seals.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from posthouse.app.runtime.parts import check_routes
from posthouse.app.supervisor.child_process import ChildProcess
from posthouse.config import Settings, UnusableSettings, load, secret_files
from posthouse.net.entropy import Entropy
from posthouse.ops.open_store import OpenStore, check_keys, keep_up
from posthouse.store.installation import secret_check
from posthouse.store.postgres import vitals
from posthouse.store.postgres.refusal import StoreRefusal
from posthouse.store.seal import Sealer

log = structlog.get_logger()

WATCH: Final = 5.0  # seconds between looks at the files


class Renewal:
    """Watches for one ``serve``. ``asked``: set by SIGHUP; ``grace``: seconds for a child to end, and for the next to be ready."""

    def __init__(
        self, environ: Mapping[str, str], store: OpenStore, children: Sequence[ChildProcess], entropy: Entropy, *, asked: asyncio.Event, grace: float
    ) -> None:  # fmt: skip
        self._environ = environ
        self._database = store.database
        self._first = (
            store.dsn,
            store.secret_keys,
        )  # what holds where the settings say nothing: the embedded database and its key
        self._dsn, self._keys = self._first
        self._children = children
        self._entropy = entropy
        self._asked = asked
        self._grace = grace
        self._told = ""

    async def run(self) -> None:
        """For ever."""
        files = secret_files(self._environ)
        seen, owed = [_changed_at(path) for path in files], False
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), WATCH)
            now = [_changed_at(path) for path in files]
            owed = owed or self._asked.is_set() or now != seen
            self._asked.clear()
            seen = now
            if owed:
                owed = not await self._once()

    async def _once(self) -> bool:
        """Whether everybody has what is to be read now."""
        try:
            settings = await self._read()
        except (UnusableSettings, StoreRefusal) as fault:
            self._tell(str(fault))
            return False
        log.info("settings are read again")
        dsn, keys = settings.database_url or self._first[0], settings.secret_keys or self._first[1]
        if dsn != self._dsn:
            await self._database.redirect(dsn)
        rounds = [keys] if keys[0] == self._keys[0] else [(*self._keys, *(key for key in keys if key not in self._keys)), keys]
        for these in rounds:
            self._dsn, self._keys = dsn, these
            if not await self._renew():
                return False
        self._told = ""
        return await self._settled(keys)

    async def _settled(self, keys: tuple[str, ...]) -> bool:
        """The new key's check value is kept, also where a child of the first round proved the old one meanwhile; the rest follows it."""
        try:
            with vitals.in_words():
                proven = await secret_check.proves(self._database, sealer := Sealer(keys, self._entropy.bytes))
                await keep_up(self._database, sealer)
                return proven
        except StoreRefusal:
            return False

    async def _read(self) -> Settings:
        """The settings as they are now, tried. Errors: Unusable, StoreRefusal."""
        settings = load(self._environ)
        check_routes(settings)
        dsn, keys = settings.database_url or self._first[0], settings.secret_keys or self._first[1]
        if (dsn, keys) != (self._dsn, self._keys):
            database = await vitals.reach(dsn, size=1, application="posthouse serve")
            try:
                with vitals.in_words():
                    await secret_check.prove(database, sealer := Sealer(keys, self._entropy.bytes))
                    await check_keys(database, sealer)
            finally:
                await database.close()
        return settings

    async def _renew(self) -> bool:
        for child in self._children:
            child.brief = msgspec.structs.replace(child.brief, dsn=self._dsn, secret_keys=self._keys)
        for child in self._children:
            if not await child.renew(self._grace):
                self._tell(f"{child.name} is not ready again; it is tried anew")
                return False
        return True

    def _tell(self, fault: str) -> None:
        """Once for each new sentence, however often it is tried."""
        if fault != self._told:
            log.warning("settings not read again", fault=fault)
        self._told = fault


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0

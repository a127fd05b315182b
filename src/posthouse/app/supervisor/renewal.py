"""Settings read again while we run: on SIGHUP, or when the file of a secret changed (contract, "Environment"; R6, G3).

What was read is tried before any process depends on it: settings that cannot be used, a database that refuses the login
and a key that does not open it change nothing, are logged in one line, and are tried again until they can be used (a
secret's file often changes a moment before the password does). Then one child after the other is renewed, so that no
send is refused meanwhile.

A new secret key takes two rounds of renewals: in the first every process learns to open what is sealed under it, in the
second they seal with it. In one round, a process not yet renewed would meet what it cannot open.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from posthouse.app.runtime.routes import check_routes
from posthouse.app.supervisor.child_process import ChildProcess
from posthouse.config import UnusableSettings, load, secret_files
from posthouse.net.entropy import Entropy
from posthouse.ops.open_store import OpenStore, check_keys, reseal_with_first_key
from posthouse.ops.secret_key import check_length
from posthouse.store.installation import secret_check
from posthouse.store.postgres import vitals
from posthouse.store.postgres.refusal import StoreRefusal
from posthouse.store.seal import Sealer

log = structlog.get_logger()

WATCH_SECONDS: Final = 5.0  # between looks at the files


class Renewal:
    """Watches for one ``serve``.

    ``requested``: set by SIGHUP; ``grace``: seconds for a child to end, and for the next to be ready.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        store: OpenStore,
        children: Sequence[ChildProcess],
        entropy: Entropy,
        *,
        requested: asyncio.Event,
        grace: float,
    ) -> None:
        self._environ = environ
        self._database = store.database
        # What holds where the settings name neither: the embedded database and its key.
        self._own_dsn, self._own_keys = store.dsn, store.secret_keys
        self._dsn, self._keys = store.dsn, store.secret_keys
        self._children = children
        self._entropy = entropy
        self._requested = requested
        self._grace = grace
        self._last_fault = ""

    async def run(self) -> None:
        """For ever."""
        files = secret_files(self._environ)
        seen, pending = [_changed_at(path) for path in files], False
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._requested.wait(), WATCH_SECONDS)
            changed_at = [_changed_at(path) for path in files]
            pending = pending or self._requested.is_set() or changed_at != seen
            self._requested.clear()
            seen = changed_at
            if pending:
                pending = not await self._renew_all()

    async def _renew_all(self) -> bool:
        """Whether every process has the settings as they are now."""
        try:
            dsn, keys = await self._read()
        except (UnusableSettings, StoreRefusal) as fault:
            self._log_fault(str(fault))
            return False
        log.info("settings are read again")
        if dsn != self._dsn:
            await self._database.redirect(dsn)
        for round_keys in self._key_rounds(keys):
            self._dsn, self._keys = dsn, round_keys
            if not await self._renew_children():
                return False
        self._last_fault = ""
        return await self._adopt(keys)

    def _key_rounds(self, keys: tuple[str, ...]) -> list[tuple[str, ...]]:
        """The keys of each round of renewals: the old key seals in the first, where the new one is not the first already."""
        if keys[0] == self._keys[0]:
            return [keys]
        return [(*self._keys, *(key for key in keys if key not in self._keys)), keys]

    async def _adopt(self, keys: tuple[str, ...]) -> bool:
        """Store the new key's check value, which a child of the first round may have overwritten; reseal what is at rest."""
        try:
            with vitals.errors_as_refusals():
                proven = await secret_check.proves(self._database, sealer := Sealer(keys, self._entropy.bytes))
                await reseal_with_first_key(self._database, sealer)
                return proven
        except StoreRefusal:
            return False

    async def _read(self) -> tuple[str, tuple[str, ...]]:
        """The database's address and the keys as the settings have them now, tried. Errors: UnusableSettings, StoreRefusal."""
        settings = load(self._environ)
        check_routes(settings)
        dsn, keys = settings.database_url or self._own_dsn, settings.secret_keys or self._own_keys
        if (dsn, keys) != (self._dsn, self._keys):
            database = await vitals.reach(dsn, size=1, application="posthouse serve")
            try:
                with vitals.errors_as_refusals():
                    await check_length(database, settings.secret_keys, self._entropy.bytes)
                    await secret_check.prove(database, sealer := Sealer(keys, self._entropy.bytes))
                    await check_keys(database, sealer)
            finally:
                await database.close()
        return dsn, keys

    async def _renew_children(self) -> bool:
        for child in self._children:
            child.spec = msgspec.structs.replace(child.spec, dsn=self._dsn, secret_keys=self._keys)
        for child in self._children:
            if not await child.renew(self._grace):
                self._log_fault(f"{child.name} is not ready again; it is tried anew")
                return False
        return True

    def _log_fault(self, fault: str) -> None:
        """Once for each new sentence, however often it is tried."""
        if fault != self._last_fault:
            log.warning("settings not read again", fault=fault)
        self._last_fault = fault


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0

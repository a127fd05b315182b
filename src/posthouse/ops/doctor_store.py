"""What would stop mail from leaving, as far as the store can say: one ``CheckResult`` for each check.

Beside ``doctor_network``, which looks at the network. Reads only; a schema or a key that is wrong is reported, not fixed.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from posthouse.ops import secret_key
from posthouse.ops.doctor_network import CheckLevel, CheckResult
from posthouse.ops.open_store import StoreOptions, check_keys, find_keys, wrong_key_sentence
from posthouse.store.installation import secret_check
from posthouse.store.postgres import vitals
from posthouse.store.postgres.database import Database, check_settings
from posthouse.store.postgres.migrate import current, latest
from posthouse.store.postgres.refusal import StoreRefusal
from posthouse.store.postgres.vitals import ServerVitals
from posthouse.store.queue import workers
from posthouse.store.seal import Sealer

SKEW: Final = timedelta(seconds=2)
OLD: Final = timedelta(minutes=5)
CROWDED_SHARE: Final = 0.8
FROZEN_WARNED: Final = 2.0  # times the age at which Postgres itself starts to freeze
FROZEN_FAILED: Final = 1_500_000_000  # of the 2,147,483,648 at which Postgres stops to write


async def check_store(database: Database, options: StoreOptions, now: Callable[[], datetime]) -> list[CheckResult]:
    """The server, and on a current schema the secret key, the workers and the queue. ``now``: this machine's clock."""
    before = now()
    server = await vitals.server(database)
    after = now()
    schema = await _schema(database)
    results = [
        await _settings(database, server),
        _clock(server.now, before, after),
        _vacuum(server),
        await _connections(database),
        schema,
    ]
    if schema.level is CheckLevel.OK:
        results += [await _key(database, options), await _workers(database, server.now), await _queue(database, server.now)]
    return results


async def _settings(database: Database, server: ServerVitals) -> CheckResult:
    try:
        await check_settings(database)
    except StoreRefusal as refusal:
        return CheckResult("database", CheckLevel.FAIL, str(refusal), "see the sentence")
    if server.read_only:
        return CheckResult(
            "database",
            CheckLevel.FAIL,
            "it only reads (a standby, or default_transaction_read_only)",
            "point POSTHOUSE_DATABASE_URL at the primary",
        )
    return CheckResult("database", CheckLevel.OK, f"Postgres {server.version.split()[0]} answers and keeps what it acknowledges")


def _clock(theirs: datetime, before: datetime, after: datetime) -> CheckResult:
    skew = max(before - theirs, theirs - after, timedelta())
    text = f"this machine and the database differ by {skew.total_seconds():.1f} s"
    if skew > SKEW:
        return CheckResult(
            "clock", CheckLevel.WARN, text, "synchronise both clocks (NTP); expiry and schedules follow the database's"
        )
    return CheckResult("clock", CheckLevel.OK, text)


def _vacuum(server: ServerVitals) -> CheckResult:
    text = f"the oldest transaction id is {server.frozen_age / 1e6:.0f} million old"
    advice = "see that autovacuum runs and that no transaction or replication slot is left open"
    if server.frozen_age > FROZEN_FAILED:
        return CheckResult("vacuum", CheckLevel.FAIL, text, advice)
    if server.frozen_age > FROZEN_WARNED * server.freeze_at:
        return CheckResult("vacuum", CheckLevel.WARN, text, advice)
    return CheckResult("vacuum", CheckLevel.OK, text)


async def _connections(database: Database) -> CheckResult:
    taken = await vitals.connections(database)
    text = f"{taken.ours} of ours, {taken.all} in all, of {taken.most} that the server allows"
    if taken.all > CROWDED_SHARE * taken.most:
        advice = "raise max_connections, or end what holds them; a busy host of two cores takes up to 30"
        return CheckResult("connections", CheckLevel.WARN, text, advice)
    return CheckResult("connections", CheckLevel.OK, text)


async def _schema(database: Database) -> CheckResult:
    version, required = await current(database), latest()
    if version < required:
        return CheckResult(
            "schema", CheckLevel.FAIL, f"version {version or 'none'}, this Posthouse needs {required}", "run posthouse migrate"
        )
    return CheckResult("schema", CheckLevel.OK, f"current (version {version})")


async def _key(database: Database, options: StoreOptions) -> CheckResult:
    try:
        await secret_key.check_length(database, options.secret_keys, options.random)
        if not await vitals.is_sealed(database):
            return CheckResult(
                "secret key", CheckLevel.WARN, "none was used on this database yet", "run posthouse init, or posthouse serve"
            )
        if await secret_check.proves(database, sealer := Sealer(await find_keys(options, database), options.random)):
            await check_keys(database, sealer)
            if any(map(secret_key.is_short, options.secret_keys)):
                return CheckResult("secret key", CheckLevel.FAIL, secret_key.SHORT, secret_key.ROTATE)
            return CheckResult("secret key", CheckLevel.OK, "it is the one this database was encrypted with")
    except StoreRefusal as refusal:
        return CheckResult("secret key", CheckLevel.FAIL, str(refusal), "mail can be neither accepted nor sent without it")
    return CheckResult(
        "secret key", CheckLevel.FAIL, wrong_key_sentence(options), "mail can be neither accepted nor sent without it"
    )


async def _workers(database: Database, now: datetime) -> CheckResult:
    async with database.session() as session:
        alive = await workers.alive(session, now)
    if not alive:
        return CheckResult(
            "worker", CheckLevel.FAIL, "none is running, so mail is accepted but does not leave", "run posthouse serve"
        )
    return CheckResult("worker", CheckLevel.OK, f"{alive} running")


async def _queue(database: Database, now: datetime) -> CheckResult:
    queue = await vitals.queue(database)
    counts = f"{queue.ready} ready, {queue.waiting} waiting for their time, {queue.leased} under way"
    waited = now - queue.oldest_ready if queue.oldest_ready else timedelta()
    if waited > OLD:
        advice = (
            "if workers run and it grows, start more (POSTHOUSE_WORKERS) or look at what the destinations say: posthouse messages"
        )
        return CheckResult(
            "queue", CheckLevel.WARN, f"{counts}; the oldest has been ready for {waited.total_seconds():.0f} s", advice
        )
    return CheckResult("queue", CheckLevel.OK, counts)

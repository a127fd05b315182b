"""The command line as a person runs it: arguments in, output and exit code out, on a real database of its own."""

import json
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner, Result

from posthouse.app.runtime.probe_targets import probe_targets
from posthouse.config import Settings
from posthouse.doors.cli import CliContext, posthouse
from posthouse.model import ids
from posthouse.model.dns_answer import PublishedRecords
from posthouse.model.explanation import ContentPreview, Explanation, RecipientRoutes, TrackingUsed
from posthouse.model.send_request import Accepted, AcceptedDelivery, Caller, Rejection, SendRequest
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy
from posthouse.ops.doctor_network import CheckResult, ProbeTargets
from posthouse.ops.open_store import OpenStore, StoreOptions
from posthouse.pipeline.accept.accept import Intake
from posthouse.store.messages import accept
from posthouse.store.postgres.database import Database
from tests.support import rows
from tests.support.postgres import NOW

NOW_MADE_UP = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@dataclass
class World:
    """What the command line is given, and what was done with it. ``records``: what DNS says by name and type."""

    environ: dict[str, str]
    answer: Accepted | Rejection | Exception | None = None
    records: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    findings: list[CheckResult] = field(default_factory=list)
    served: list[tuple[Settings, frozenset[str] | None, bool, bool]] = field(default_factory=list)
    asked: list[tuple[Caller, SendRequest]] = field(default_factory=list)
    outside: list[ProbeTargets] = field(default_factory=list)
    database: Database | None = None

    def run(self, *arguments: str, text: str | None = None, **settings: str) -> Result:
        """One command to its end; ``settings`` without their prefix."""
        environ = self.environ | {f"POSTHOUSE_{name}": value for name, value in settings.items()}
        return CliRunner().invoke(posthouse, arguments, obj=self._context(environ), input=text, catch_exceptions=False)

    def json(self, *arguments: str, **settings: str) -> Any:
        """What a command that goes well answers with ``--json``."""
        result = self.run(*arguments, "--json", **settings)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def _context(self, environ: dict[str, str]) -> CliContext:
        return CliContext(
            environ=environ,
            clock=SystemClock(),
            new_id=Entropy().new_id,
            random=os.urandom,
            store_options=_store_options,
            serve=self._serve,
            intake=self._intake,
            probe_targets=probe_targets,
            check_network=self._check_network,
            look_up_records=self._look_up_records,
            authority=lambda folder, hostname, _: f"authority of {hostname} in {folder}\n",
        )

    def _serve(self, settings: Settings, roles: frozenset[str] | None, as_json: bool, *, welcome: bool) -> None:
        self.served.append((settings, roles, as_json, welcome))

    @asynccontextmanager
    async def _intake(self, settings: Settings, store: OpenStore) -> AsyncIterator[Intake]:
        self.database = store.database
        yield cast("Intake", self)

    async def accept(self, caller: Caller, request: SendRequest) -> Accepted | Rejection:
        """What the test says intake says, or a message that is stored and queued; what is asked is kept."""
        self.asked.append((caller, request))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer or await self._store_message(caller)

    async def explain(self, caller: Caller, request: SendRequest) -> tuple[Accepted, Explanation] | Rejection:
        """What the test says intake says, or terms made up here."""
        self.asked.append((caller, request))
        if isinstance(self.answer, Rejection):
            return self.answer
        accepted = Accepted(id="msg_x", status="queued", deliver_by=None, duplicate=False, deliveries=())
        return accepted, Explanation(
            type=request.type or "transactional",
            message_class="transactional",
            stream="transactional",
            lane="prompt",
            from_="shop@shop.example",
            reply_to=(),
            send_at=None,
            deadline=NOW_MADE_UP,
            expires_at=NOW_MADE_UP,
            waits_seconds=(10.0, 60.0),
            in_doubt="hold",
            dedupe_window_seconds=3600.0,
            tracking=TrackingUsed(opens=True, clicks=False),
            template=None,
            ways=(RecipientRoutes(recipient="ada@example.com", routes=("inbox",), reason=None, suppression=None),),
            policy=None,
            preview=ContentPreview("Hi", None, request.text, 312),
        )

    async def _store_message(self, caller: Caller) -> Accepted:
        assert self.database is not None
        async with self.database.session() as connection:
            flow = await accept.flow(connection, caller.tenant, caller.environment, "transactional")
            row = rows.message(datetime.now(UTC), tenant=caller.tenant, environment=int(caller.environment), flow=flow)
            await accept.accept(connection, [row], row.created_at, rows.new_id)
        return Accepted(
            id=ids.text("msg", row.id),
            status="queued",
            deliver_by=None,
            duplicate=False,
            deliveries=(AcceptedDelivery("user@example.com", "queued"),),
        )

    async def _check_network(self, outside: ProbeTargets) -> Sequence[CheckResult]:
        self.outside.append(outside)
        return self.findings

    async def _look_up_records(
        self, asked: Sequence[tuple[str, str]], nameserver: tuple[str, int] | None
    ) -> Sequence[PublishedRecords]:
        return [PublishedRecords(name, type, self.records.get((name, type), ())) for name, type in asked]


def _store_options(settings: Settings) -> StoreOptions:
    return StoreOptions(
        database_url=settings.database_url,
        data_dir=settings.data_dir,
        secret_keys=settings.secret_keys,
        random=os.urandom,
        now=NOW,
    )


@pytest.fixture
def world(database_dsn: str, tmp_path: Path) -> World:
    """An outside database that ``migrate`` has seen and ``init`` has not."""
    return World(
        {
            "POSTHOUSE_DATABASE_URL": database_dsn,
            "POSTHOUSE_SECRET_KEY": "a secret key for tests that is long enough",
            "POSTHOUSE_DATA_DIR": str(tmp_path),
            "POSTHOUSE_HOSTNAME": "mail.shop.example",
        }
    )


@pytest.fixture
def founded(world: World) -> World:
    """The same after ``init``."""
    world.json("init")
    return world


@pytest.fixture
def bare(tmp_path: Path) -> World:
    """No database at all; for what is decided before one is opened."""
    return World({"POSTHOUSE_DATA_DIR": str(tmp_path)})

"""Intake over an open store: for the doors, for `make run`, and for commands."""

from posthouse.app.runtime.parts import limits_of, route_facts
from posthouse.config import Settings
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy
from posthouse.pipeline.accept.accept import AcceptParts, Intake
from posthouse.pipeline.accept.accept import Announcer as Announce
from posthouse.pipeline.accept.draft import MessageBuilder
from posthouse.pipeline.accept.links import LinkBuilder
from posthouse.pipeline.accept.notify_workers import WorkerNotifier
from posthouse.pipeline.accept.tenant_facts import TenantFacts
from posthouse.pipeline.alerts.lockout import Lockouts
from posthouse.pipeline.deliver.suppression_check import AddressHasher, SuppressionLookup
from posthouse.pipeline.render.renderer import Renderer
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer
from posthouse.store.tenants.domains import Domains


def intake_over(
    settings: Settings, database: Database, sealer: Sealer, clock: SystemClock, entropy: Entropy, announcer: Announce | None = None,
    renders: Renderer | None = None,
) -> Intake:  # fmt: skip
    """An intake whose commits workers hear of. ``renders``: left out, what tenants wrote is rendered in this process."""
    facts = TenantFacts(database, Domains(database, sealer), clock)
    lists = SuppressionLookup(database, clock, AddressHasher(database, sealer, entropy.bytes), Lockouts(database, clock, entropy))
    composer = MessageBuilder(
        facts=facts,
        sealer=sealer,
        entropy=entropy,
        routes=route_facts(settings),
        lists=lists,
        renders=renders,
        linker=_linker(settings, sealer),
        limits=limits_of(settings),
    )
    announce = announcer or WorkerNotifier(database)
    return Intake(AcceptParts(database=database, clock=clock, entropy=entropy, composer=composer, announce=announce))


def _linker(settings: Settings, sealer: Sealer) -> LinkBuilder:
    http = "" if settings.http is None else f"http://{settings.http}"
    taken_in = settings.return_path_domain or settings.hostname
    return LinkBuilder(sealer.token_key, settings.public_url or http, taken_in if settings.inbound is not None else "")

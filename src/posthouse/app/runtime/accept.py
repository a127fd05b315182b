"""Intake over an open store: for the doors, for `make run`, and for commands."""

from posthouse.admin.templates import TemplateParts, Templates
from posthouse.app.runtime.parts import route_facts
from posthouse.config import Settings
from posthouse.net.clock import SystemClock
from posthouse.net.entropy import Entropy
from posthouse.pipeline.accept.accept import AcceptParts, Intake, NotifyWorkers
from posthouse.pipeline.accept.draft import MessageBuilder
from posthouse.pipeline.accept.links import LinkBuilder
from posthouse.pipeline.accept.notify_workers import WorkerNotifier
from posthouse.pipeline.accept.suppression import AddressHasher, SuppressionLookup
from posthouse.pipeline.accept.tenant_facts import TenantFacts
from posthouse.pipeline.alerts.lockout import Lockouts
from posthouse.pipeline.render.renderer import Renderer
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer
from posthouse.store.tenants.domains import Domains


def intake_over(
    settings: Settings, database: Database, sealer: Sealer, clock: SystemClock, entropy: Entropy, notify_workers: NotifyWorkers | None = None,
    renders: Renderer | None = None,
) -> Intake:  # fmt: skip
    """An intake whose commits workers hear of. ``renders``: left out, what tenants wrote is rendered in this process."""
    facts = TenantFacts(database, Domains(database, sealer), clock)
    suppression = SuppressionLookup(
        database, clock, AddressHasher(database, sealer, entropy.bytes), Lockouts(database, clock, entropy)
    )
    builder = MessageBuilder(
        facts=facts,
        sealer=sealer,
        entropy=entropy,
        routes=route_facts(settings),
        suppression=suppression,
        renderer=renders,
        links=_links(settings, sealer),
        limits=settings.limits,
    )
    notify = notify_workers or WorkerNotifier(database)
    return Intake(AcceptParts(database=database, clock=clock, entropy=entropy, builder=builder, notify_workers=notify))


def _links(settings: Settings, sealer: Sealer) -> LinkBuilder:
    http = "" if settings.http is None else f"http://{settings.http}"
    taken_in = settings.return_path_domain or settings.hostname
    return LinkBuilder(sealer.token_key, settings.public_url or http, taken_in if settings.inbound is not None else "")


def templates_over(intake: Intake, database: Database, clock: SystemClock, entropy: Entropy, renders: Renderer) -> Templates:
    """Stored templates, changed in the process of an intake that hears of it at once."""
    forget = intake.facts.templates.forget
    return Templates(TemplateParts(database=database, now=clock.now, new_id=entropy.new_id, forget=forget, renders=renders))

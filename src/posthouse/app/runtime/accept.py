"""Intake over an open store: for the listeners, for `make run`, and for commands."""

from posthouse.admin.templates import TemplateParts, Templates
from posthouse.app.runtime.routes import route_facts
from posthouse.app.runtime.runtime import Runtime
from posthouse.config import Settings
from posthouse.pipeline.accept.accept import AcceptParts, Intake, NotifyWorkers
from posthouse.pipeline.accept.draft import MessageBuilder
from posthouse.pipeline.accept.links import LinkBuilder
from posthouse.pipeline.accept.notify_workers import WorkerNotifier
from posthouse.pipeline.accept.suppression import AddressHasher, SuppressionLookup
from posthouse.pipeline.accept.tenant_facts import TenantFacts
from posthouse.pipeline.alerts.lockout import Lockouts
from posthouse.pipeline.render.renderer import Renderer
from posthouse.store.seal import Sealer
from posthouse.store.tenants.domains import Domains


def build_intake(runtime: Runtime, notify_workers: NotifyWorkers | None = None, renderer: Renderer | None = None) -> Intake:
    """An intake whose commits the workers are notified of. ``renderer`` None: templates are rendered in this process."""
    database, sealer, clock, entropy = runtime.database, runtime.sealer, runtime.clock, runtime.entropy
    suppressions = SuppressionLookup(
        database, clock, AddressHasher(database, sealer, entropy.bytes), Lockouts(database, clock, entropy)
    )
    builder = MessageBuilder(
        facts=TenantFacts(database, Domains(database, sealer), clock),
        sealer=sealer,
        entropy=entropy,
        routes=route_facts(runtime.settings),
        suppression=suppressions,
        renderer=renderer,
        links=_link_builder(runtime.settings, sealer),
        limits=runtime.settings.limits,
    )
    notify = notify_workers or WorkerNotifier(database)
    return Intake(AcceptParts(database=database, clock=clock, entropy=entropy, builder=builder, notify_workers=notify))


def build_templates(runtime: Runtime, intake: Intake, renderer: Renderer) -> Templates:
    """Stored templates; a change made through them is forgotten by this process' intake at once."""
    return Templates(
        TemplateParts(
            database=runtime.database,
            now=runtime.clock.now,
            new_id=runtime.entropy.new_id,
            forget=intake.facts.templates.forget,
            renders=renderer,
        )
    )


def _link_builder(settings: Settings, sealer: Sealer) -> LinkBuilder:
    http = "" if settings.http is None else f"http://{settings.http}"
    return_domain = settings.return_path_domain or settings.hostname
    return LinkBuilder(sealer.token_key, settings.public_url or http, return_domain if settings.inbound is not None else "")

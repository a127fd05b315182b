"""The routes of the settings: checked, as facts for intake, and with the transports that drive them.

Known sharp edges: settings may name a vendor's route before an adapter sends through it; ``check_routes`` refuses it.
"""

from typing import Final

from posthouse.app.runtime.runtime import Runtime
from posthouse.config import RouteSetting, Settings, UnusableSettings
from posthouse.model.inbox import NewInboxItem
from posthouse.model.route import RouteFact
from posthouse.net.smtp.limits import MX, RELAY, TransportLimits
from posthouse.net.transports.mx import MxTransport
from posthouse.net.transports.smarthost import RelayTarget, SmarthostTransport
from posthouse.net.transports.transport import SmtpParts
from posthouse.pipeline.deliver.deliver import Route
from posthouse.pipeline.deliver.inbox_transport import InboxTransport, NewInboxMail
from posthouse.policy.deliver import classify
from posthouse.store.messages import inbox
from posthouse.store.postgres.database import is_unavailable

DRIVEN_KINDS: Final = frozenset({"mx", "smtp", "smtps", "inbox"})


def check_routes(settings: Settings) -> None:
    """Errors: UnusableSettings, for a route this version cannot drive."""
    for route in settings.routes:
        if route.kind not in DRIVEN_KINDS:
            raise UnusableSettings(
                f"POSTHOUSE_ROUTES names {route.kind}:, which this version cannot send through yet; "
                "use mx:, smtp://, smtps:// or inbox:"
            )


def route_facts(settings: Settings) -> tuple[RouteFact, ...]:
    """What intake needs to know of the routes."""
    return tuple(RouteFact(name=r.name, kind=r.kind, dkim=r.dkim, return_path_from=r.return_path_from) for r in settings.routes)


def build_routes(runtime: Runtime, inbox_route: Route) -> tuple[Route, ...]:
    """A transport for each route, in the operator's order."""
    return tuple(_build_route(setting, runtime, inbox_route) for setting in runtime.settings.routes)


def build_inbox_route(runtime: Runtime) -> Route:
    """The built-in inbox, which keeps a message instead of sending it."""

    async def store(mails: list[NewInboxMail]) -> None:
        now = runtime.clock.now()
        items = [
            NewInboxItem(
                id=runtime.entropy.new_id(now),
                tenant=mail.delivery.tenant,
                environment=mail.delivery.environment,
                message=mail.delivery.message,
                position=mail.delivery.position,
                recipient=mail.recipient,
                type=mail.type,
                data=mail.data,
            )
            for mail in mails
        ]
        async with runtime.database.session() as session:
            await inbox.insert_many(session, runtime.sealer, items, now)

    return Route(name="inbox", transport=InboxTransport(store, runtime.clock, is_unavailable))


def _build_route(setting: RouteSetting, runtime: Runtime, inbox_route: Route) -> Route:
    if setting.kind == "inbox":
        return inbox_route
    transport = _mx(runtime) if setting.kind == "mx" else _smarthost(setting, runtime)
    return Route(
        name=setting.name,
        transport=transport,
        dkim=setting.dkim,
        return_path_from=setting.return_path_from,
        per_site=setting.kind == "mx",
    )


def _mx(runtime: Runtime) -> MxTransport:
    return MxTransport(
        _smtp_parts(runtime, MX),
        runtime.resolver,
        runtime.settings.mx_port,
        runtime.entropy.fraction,
        allow_private=runtime.settings.allow_private_networks,
    )


def _smarthost(setting: RouteSetting, runtime: Runtime) -> SmarthostTransport:
    target = RelayTarget(
        host=setting.host,
        port=setting.port,
        tls=setting.tls,
        username=setting.username,
        password=setting.password,
        implicit_tls=setting.kind == "smtps",
        name=setting.name,
    )
    return SmarthostTransport(target, _smtp_parts(runtime, RELAY))


def _smtp_parts(runtime: Runtime, limits: TransportLimits) -> SmtpParts:
    return SmtpParts(hostname=runtime.settings.hostname, clock=runtime.clock, classifier=classify, limits=limits)

"""How is a route written in POSTHOUSE_ROUTES?

Known sharp edges: routes are split at commas, so a comma inside a password is written ``%2C`` (and
``/ # ? @ :`` as ``%2F %23 %3F %40 %3A``). Sentences name a route by its number: its text may hold a password.
"""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from posthouse.config.listen import Listen, is_host
from posthouse.model.loopback import is_loopback_host
from posthouse.model.route import PROVIDER_KINDS, RouteKind

_PLAIN: Final = (RouteKind.MX, RouteKind.INBOX, *PROVIDER_KINDS)
_PORTS: Final = {RouteKind.SMTP: 25, RouteKind.SMTPS: 465}
_SUBMISSION: Final = 587
_OPTIONS: Final = {"tls": ("off", "required"), "dkim": ("off",), "returnPath": ("from",)}


@dataclass(frozen=True, slots=True)
class RouteSetting:
    """One route as configured. ``kind``: a ``RouteKind``; ``tls``: opportunistic, required or off."""

    kind: str
    host: str = ""
    port: int = 0
    username: str = ""
    password: str = field(default="", repr=False)
    tls: str = "opportunistic"
    dkim: bool = True
    return_path_from: bool = False

    @property
    def name(self) -> str:
        """``mx``, ``inbox``, ``smtp://host:port`` …: what attempts and logs call it, never a secret."""
        return f"{self.kind}://{Listen(self.host, self.port)}" if self.host else self.kind


def parse_routes(value: str) -> tuple[RouteSetting, ...]:
    """The default route and its fallbacks, in order; ValueError says which is wrong and what to write."""
    return tuple(_route(text.strip(), number) for number, text in enumerate(value.split(","), 1))


def split(value: str) -> SplitResult | None:
    """The parts of an address whose host and port make sense, else None."""
    try:
        parts = urlsplit(value)
        return parts if parts.hostname and is_host(parts.hostname) and parts.port != 0 else None
    except ValueError:
        return None


def _route(text: str, number: int) -> RouteSetting:
    kind, colon, rest = text.partition(":")
    what = f"has a route number {number}"
    if kind in _PORTS:
        return _relay(kind, text, f"{what} ({kind}:)")
    if not colon or kind not in _PLAIN:
        raise ValueError(f"{what} of no known kind; use {', '.join(f'{name}:' for name in _PLAIN)}, smtp:// or smtps://")
    if rest:
        raise ValueError(f"{what} with something after {kind}:; write {kind}: alone")
    return RouteSetting(kind)


def _relay(kind: str, text: str, what: str) -> RouteSetting:
    parts = split(text)
    if parts is None or not parts.hostname:
        raise ValueError(
            f"{what} that is no address; write {kind}://user:password@host:port with , / # ? @ as %2C %2F %23 %3F %40"
        )
    if parts.path.strip("/") or parts.fragment:
        raise ValueError(f"{what} with something after the host; write / and # in a password as %2F and %23")
    options = _options(parts.query, what)
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if any(ord(character) < 32 for character in username + password):
        raise ValueError(f"{what} with a control character in its user or password; take it out")
    return RouteSetting(
        kind=kind,
        host=parts.hostname,
        port=parts.port or (_SUBMISSION if kind == RouteKind.SMTP and password else _PORTS[RouteKind(kind)]),
        username=username,
        password=password,
        tls=_tls(kind, options.get("tls"), exposed=bool(password) and not is_loopback_host(parts.hostname)),
        dkim="dkim" not in options,
        return_path_from="returnPath" in options,
    )


def _options(query: str, what: str) -> dict[str, str]:
    options = dict(parse_qsl(query, keep_blank_values=True))
    for name, value in options.items():
        if name not in _OPTIONS:
            raise ValueError(f"{what} with an option {name!r} that does not exist; there are tls, dkim and returnPath")
        if value not in _OPTIONS[name]:
            raise ValueError(f"{what} with {name}={value}; write {' or '.join(f'{name}={word}' for word in _OPTIONS[name])}")
    return options


def _tls(kind: str, option: str | None, *, exposed: bool) -> str:
    """``exposed``: a password would cross a network, so unless the operator says otherwise TLS is required."""
    if kind == RouteKind.SMTPS or (exposed and option is None):
        return "required"
    return option or "opportunistic"

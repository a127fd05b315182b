"""Which settings are there, what does each mean, and what is each set to? For ``posthouse config`` and the reference page."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from posthouse.config.route import parse_routes
from posthouse.model.route import PROVIDER_KINDS

PREFIX: Final = "POSTHOUSE_"
MASK: Final = "********"


@dataclass(frozen=True, slots=True)
class Setting:
    """A row of the reference. ``default``: what applies when it is unset."""

    name: str
    default: str
    meaning: str
    secret: bool = False


@dataclass(frozen=True, slots=True)
class ShownSetting:
    """A setting and its value, safe to show: secrets are masked. ``source``: environment, file or default."""

    name: str
    value: str
    source: str
    meaning: str


_REFUSED: Final = "hooks of that provider are refused"
_SELF_SIGNED: Final = "self-signed for loopback"
SETTINGS: Final[tuple[Setting, ...]] = (
    Setting("POSTHOUSE_DATABASE_URL", "embedded Postgres in the data directory", "any Postgres 15 or newer", secret=True),
    Setting("POSTHOUSE_DATABASE_CONNECTIONS", "3 to 8, by role", "the most that each process holds, beside one to listen on"),
    Setting("POSTHOUSE_DATA_DIR", "./var", "everything that is kept on disk"),
    Setting("POSTHOUSE_HTTP", "127.0.0.1:8025", "where HTTP and the dashboard listen; off turns them off"),
    Setting("POSTHOUSE_SMTP", "127.0.0.1:2525", "where SMTP submission listens; off turns it off"),
    Setting("POSTHOUSE_SMTPS", "off", "where SMTP submission with implicit TLS listens"),
    Setting("POSTHOUSE_INBOUND", "off", "where bounces and complaint reports are taken by SMTP"),
    Setting("POSTHOUSE_TLS_CERT", _SELF_SIGNED, "certificate chain, PEM (`posthouse doctor --ca`: the self-signed authority)"),
    Setting("POSTHOUSE_TLS_KEY", _SELF_SIGNED, "private key of the certificate, PEM"),
    Setting("POSTHOUSE_ROUTES", "inbox:", "the default route and its fallbacks, comma-separated", secret=True),
    Setting("POSTHOUSE_HOSTNAME", "the machine's", "the name in EHLO and Received"),
    Setting(
        "POSTHOUSE_RETURN_PATH_DOMAIN",
        "bounce.<header-from domain> once verified, else the hostname",
        "the domain that bounces come back to",
    ),
    Setting(
        "POSTHOUSE_OPERATOR",
        "the built-in inbox",
        "who gets what people write to postmaster@ and abuse@ at the listener for returned mail",
    ),
    Setting("POSTHOUSE_DNS", "system resolver", "host:port of a nameserver"),
    Setting("POSTHOUSE_MX_PORT", "25", "the port of MX hosts; for tests"),
    Setting(
        "POSTHOUSE_SECRET_KEY",
        "generated beside the embedded database; required with an outside one",
        "encrypts secrets and content, derives token keys; each at least 32 bytes; two, comma-separated, rotate (the first encrypts)",
        secret=True,
    ),
    Setting("POSTHOUSE_PUBLIC_URL", "from HTTP", "the address in tracking, unsubscribe and dashboard links"),
    Setting(
        "POSTHOUSE_METRICS_TOKEN",
        "/metrics from this machine alone",
        "who sends it as Bearer token may read /metrics from elsewhere",
        secret=True,
    ),
    Setting("POSTHOUSE_RESEND_WEBHOOK_SECRET", _REFUSED, "signing secret of Resend's webhook (whsec_…)", secret=True),
    Setting("POSTHOUSE_POSTMARK_WEBHOOK_SECRET", _REFUSED, "user:password of Postmark's webhook address", secret=True),
    Setting("POSTHOUSE_SENDGRID_WEBHOOK_SECRET", _REFUSED, "public verification key of SendGrid's event webhook", secret=True),
    Setting("POSTHOUSE_MAILGUN_WEBHOOK_SECRET", _REFUSED, "HTTP webhook signing key of Mailgun", secret=True),
    Setting("POSTHOUSE_SES_WEBHOOK_SECRET", _REFUSED, "ARN of the SNS topic that Amazon SES writes to", secret=True),
    Setting("POSTHOUSE_WORKERS", "cores", "delivery processes"),
    Setting("POSTHOUSE_LIMIT_MESSAGE", "25MB", "the largest message, encoded; SIZE of SMTP submission; 64KB to 50MB"),
    Setting("POSTHOUSE_LIMIT_HTML", "1MB", "the largest HTML of a request; 1KB to 4MB"),
    Setting("POSTHOUSE_LIMIT_RECIPIENTS", "50", "recipients of a message, over HTTP and SMTP; 1 to 256"),
    Setting("POSTHOUSE_LIMIT_ATTACHMENTS", "20", "attachments of a message; 0 to 100"),
    Setting("POSTHOUSE_LIMIT_BATCH_ITEMS", "500", "messages of a batch; 1 to 5,000"),
    Setting("POSTHOUSE_LIMIT_BATCH", "50MB", "the largest body of a batch; 64KB to 200MB"),
    Setting("POSTHOUSE_LIMIT_HEADERS", "50", "header fields that a message may bring; 0 to 200"),
    Setting("POSTHOUSE_LIMIT_HEADER", "2KB", "the longest value of such a field; 100 bytes to 8KB"),
    Setting("POSTHOUSE_LIMIT_TAGS", "10", "tags of a message; 0 to 50"),
    Setting("POSTHOUSE_LIMIT_METADATA", "20", "metadata keys of a message; 0 to 100"),
    Setting("POSTHOUSE_LIMIT_DEDUPE_KEY", "256", "characters of a dedupe key; 32 to 512"),
    Setting("POSTHOUSE_LIMIT_SEND_AT_DAYS", "90", "how many days ahead sendAt may be; 1 to 90"),
    Setting(
        "POSTHOUSE_ALLOW_PRIVATE_NETWORKS",
        "off",
        "lets addresses that tenants or DNS gave be loopback or private; those the operator gave are never filtered",
    ),
    Setting(
        "POSTHOUSE_TRUSTED_PROXIES",
        "none",
        "networks (CIDR, comma-separated) of proxies: their X-Forwarded-For names the peer, and they count for no cap per address",
    ),
)
SECRET: Final = frozenset(setting.name for setting in SETTINGS if setting.secret)


def raw(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """The text of a setting ('' where unset) and its source; ValueError where its file cannot serve."""
    value, file = environ.get(name, "").strip(), environ.get(f"{name}_FILE", "").strip()
    if not file or name not in SECRET:
        return value, "environment" if value else "default"
    if value:
        raise ValueError(f"and {name}_FILE are both set; keep one of them")
    try:
        value = Path(file).expanduser().read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"cannot be read from {file} ({_reason(error)}); check {name}_FILE") from None
    if not value:
        raise ValueError(f"is empty in {file}; write the value into it or unset {name}_FILE")
    return value, f"file {file}"


def secret_files(environ: Mapping[str, str]) -> tuple[Path, ...]:
    """The files that secrets are read from, to be watched and read again on change."""
    named = (environ.get(f"{name}_FILE", "").strip() for name in sorted(SECRET))
    return tuple(Path(file).expanduser() for file in named if file)


def unknown(environ: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each POSTHOUSE_* variable that is no setting, with the nearest name that is one."""
    known = [setting.name for setting in SETTINGS] + [f"{name}_FILE" for name in sorted(SECRET)]
    for provider in PROVIDER_KINDS:
        name = f"{PREFIX}{provider.upper()}"
        known.append(f"{name}_URL")
    return tuple(_describe_unknown(name, known) for name in sorted(environ) if name.startswith(PREFIX) and name not in known)


def shown(environ: Mapping[str, str]) -> tuple[ShownSetting, ...]:
    """Every setting with its value; one that cannot be read has the reason in place of it."""
    return tuple(_shown_setting(environ, setting) for setting in SETTINGS)


def _shown_setting(environ: Mapping[str, str], setting: Setting) -> ShownSetting:
    try:
        value, source = raw(environ, setting.name)
    except ValueError as fault:
        return ShownSetting(setting.name, f"({fault})", "file", setting.meaning)
    return ShownSetting(setting.name, _masked(setting, value), source, setting.meaning)


def _masked(setting: Setting, value: str) -> str:
    if not value or not setting.secret:
        return value or setting.default
    if setting.name != "POSTHOUSE_ROUTES":
        return MASK
    try:
        return ", ".join(route.name for route in parse_routes(value))
    except ValueError:
        return MASK


def _describe_unknown(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return f"{name} is no setting and is ignored{f'; the nearest is {near[0]}' if near else ''}."


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "no reason given") if isinstance(error, OSError) else "it is not UTF-8"

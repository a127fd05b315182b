"""What an operator may set: the environment read once, as frozen values.

The contract's section "Environment" is the law here. ``load`` is the only reader of the environment;
callers pass ``os.environ`` in. It reports every wrong setting at once, and no text of it shows a secret.
Sees only ``model``: imported by app, doors/cli and client, by nobody else.

Known sharp edges: an empty variable counts as unset (compose files and unit files write them); relative
paths are taken from the working directory at the time of loading.
"""

import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Final, TypeVar

from posthouse.config.limits import read_limits
from posthouse.config.listen import Listen, is_domain, parse_listen, parse_nameserver, parse_networks, parse_number
from posthouse.config.reference import PREFIX, SETTINGS, Setting, ShownSetting, raw, secret_files, shown, unknown
from posthouse.config.route import RouteSetting, parse_routes, split
from posthouse.model.limits import Limits
from posthouse.model.route import PROVIDER_KINDS, RouteKind

__all__ = [
    "SETTINGS",
    "ConfigError",
    "Listen",
    "RouteSetting",
    "Setting",
    "Settings",
    "ShownSetting",
    "UnusableSettings",
    "load",
    "secret_files",
    "shown",
    "unknown",
]

T = TypeVar("T")
_WORDS: Final = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}
_LOCAL: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_HTTP: Final[Listen | None] = Listen("127.0.0.1", 8025)
_SMTP: Final[Listen | None] = Listen("127.0.0.1", 2525)


class UnusableSettings(Exception):
    """Posthouse cannot run as it is set up: its text goes to stderr and the exit code is 2."""


class ConfigError(UnusableSettings):
    """Settings that cannot be used; ``faults`` has one sentence for each."""

    def __init__(self, *faults: str) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that was set, or its default. None for a listener: it is off."""

    database_url: str | None = field(repr=False)
    data_dir: Path
    http: Listen | None
    smtp: Listen | None
    smtps: Listen | None
    inbound: Listen | None
    tls_cert: Path | None
    tls_key: Path | None
    routes: tuple[RouteSetting, ...]
    hostname: str
    return_path_domain: str | None
    operator: str | None
    dns: Listen | None
    mx_port: int
    secret_keys: tuple[str, ...] = field(repr=False)
    public_url: str | None
    database_connections: int | None
    metrics_token: str | None = field(repr=False)
    webhook_secrets: Mapping[str, str] = field(repr=False)
    workers: int
    limits: Limits
    allow_private_networks: bool
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]


def load(environ: Mapping[str, str]) -> Settings:
    """All settings; ConfigError with a sentence for each one that is wrong. ``…_FILE`` variants read the file."""
    reading = _Reading(environ)
    take = reading.take
    settings = Settings(
        database_url=take("DATABASE_URL", _database_url, None),
        data_dir=take("DATA_DIR", _path, _path("var")),
        http=take("HTTP", parse_listen, _HTTP),
        smtp=take("SMTP", parse_listen, _SMTP),
        smtps=take("SMTPS", parse_listen, None),
        inbound=take("INBOUND", parse_listen, None),
        tls_cert=take("TLS_CERT", _existing, None),
        tls_key=take("TLS_KEY", _existing, None),
        routes=take("ROUTES", parse_routes, (RouteSetting(RouteKind.INBOX.value),)),
        hostname=take("HOSTNAME", _domain, _machine()),
        return_path_domain=take("RETURN_PATH_DOMAIN", _domain, None),
        operator=take("OPERATOR", _address, None),
        dns=take("DNS", parse_nameserver, None),
        mx_port=take("MX_PORT", _port, 25),
        secret_keys=take("SECRET_KEY", _keys, ()),
        public_url=take("PUBLIC_URL", _url, None),
        database_connections=take("DATABASE_CONNECTIONS", _connections, None),
        metrics_token=take("METRICS_TOKEN", str, None),
        webhook_secrets={
            provider.value: secret
            for provider in PROVIDER_KINDS
            if (secret := take(f"{provider.upper()}_WEBHOOK_SECRET", str, ""))
        },
        workers=take("WORKERS", _count, _cores()),
        limits=read_limits(take),
        allow_private_networks=take("ALLOW_PRIVATE_NETWORKS", _switch, otherwise=False),
        trusted_proxies=take("TRUSTED_PROXIES", parse_networks, ()),
    )
    if not reading.faults and (settings.tls_cert is None) != (settings.tls_key is None):
        reading.faults.append("POSTHOUSE_TLS_CERT and POSTHOUSE_TLS_KEY belong together; set both or neither.")
    if reading.faults:
        raise ConfigError(*reading.faults)
    return settings


class _Reading:
    """Takes settings one by one and keeps a sentence for each that is wrong."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.faults: list[str] = []

    def take(self, short: str, parse: Callable[[str], T], otherwise: T) -> T:
        """The parsed setting, or ``otherwise`` where it is unset or wrong."""
        name = PREFIX + short
        try:
            value, _ = raw(self._environ, name)
            return parse(value) if value else otherwise
        except ValueError as fault:
            self.faults.append(f"{name} {fault}.")
            return otherwise


def _machine() -> str:
    """This machine's own name, or ``localhost`` where it is none that EHLO may carry."""
    name = socket.gethostname()
    return name.lower() if is_domain(name) else "localhost"


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _port(value: str) -> int:
    return parse_number(value, 1, 65535, f"is {value!r}; write a port from 1 to 65535")


def _count(value: str) -> int:
    return parse_number(value, 1, 512, f"is {value!r}; write a number of processes from 1 to 512")


def _connections(value: str) -> int:
    return parse_number(value, 2, 100, f"is {value!r}; write a number of connections of each process from 2 to 100")


def _switch(value: str) -> bool:
    if value.lower() not in _WORDS:
        raise ValueError(f"is {value!r}; write on or off")
    return _WORDS[value.lower()]


def _path(value: str) -> Path:
    return Path(value).expanduser().absolute()


def _existing(value: str) -> Path:
    path = _path(value)
    if path.is_dir() or not os.access(path, os.R_OK):
        raise ValueError(f"is {value!r}, where no file can be read; give the path of a PEM file")
    return path


def _domain(value: str) -> str:
    if not is_domain(value):
        raise ValueError(f"is {value!r}; write a host name such as mail.example.com (an international one in its xn-- form)")
    return value.lower().removesuffix(".")


def _address(value: str) -> str:
    local, _, domain = value.rpartition("@")
    if not _LOCAL.fullmatch(local) or len(local) > 64 or not is_domain(domain):
        raise ValueError(f"is {value!r}; write an address such as ops@example.com")
    return value


def _keys(value: str) -> tuple[str, ...]:
    keys = tuple(key.strip() for key in value.split(","))
    if not all(keys) or len(keys) > 2:
        raise ValueError("holds something else than one key, or two separated by a comma while rotating; write the new one first")
    return keys


def _url(value: str) -> str:
    parts = split(value)
    if parts is None or parts.scheme not in {"http", "https"} or parts.query or parts.fragment or parts.username:
        raise ValueError(f"is {value!r}; write the address people reach this server at, such as https://mail.example.com")
    return value.rstrip("/")


def _database_url(value: str) -> str:
    if not value.startswith(("postgresql://", "postgres://")):
        raise ValueError("is no Postgres address; write postgresql://user:password@host:5432/database")
    return value

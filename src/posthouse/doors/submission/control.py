"""The controls in a submitted message's header: ``X-Posthouse-*`` and the idempotency keys (contract, *SMTP submission*).

Only their form is checked here: a control occurs once, a time is RFC 3339 with its zone, variables are a JSON
object. Lengths, names and facts are policy's. It must never know the rest of the message.

Known sharp edges: a metadata name keeps its case, as over HTTP, though header names have none: a relay on the way may change it.
An unknown ``X-Posthouse-`` field is refused, as an unknown member is over HTTP: it would be a control misspelt.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec

from posthouse.doors.http.body import decode
from posthouse.mail.smtp.server.command import CommandFault
from posthouse.mail.smtp.server.reply import reply_line
from posthouse.model.send_request import Rejection

FAMILY: Final = "x-posthouse-"
_METADATA: Final = "x-posthouse-metadata-"
_LABEL: Final = "x-posthouse-tag"
_VARIABLES: Final = "x-posthouse-variables"
_KEYS: Final = ("x-posthouse-dedupe-key", "idempotency-key", "resend-idempotency-key")
_WORDS: Final = {
    "x-posthouse-type": "type",
    "x-posthouse-stream": "stream",
    "x-posthouse-template": "template",
    "x-posthouse-locale": "locale",
}
_TIMES: Final = {
    "x-posthouse-send-at": "send_at",
    "x-posthouse-expires-at": "expires_at",
    "x-posthouse-occurred-at": "occurred_at",
}
_SINGLE: Final = frozenset({*_WORDS, *_TIMES, *_KEYS, _VARIABLES})
_MOMENT: Final = Annotated[datetime, msgspec.Meta(tz=True)]

Fields = dict[str, Any]  # of ``SendRequest``, by name


class _ControlFaultError(Exception):
    """A control that cannot be read; ends the reading of all of them."""


def read_controls(controls: Mapping[str, Sequence[str]]) -> Fields | CommandFault:
    """The fields of a ``SendRequest`` that these controls set.

    ``controls``: values by field name, in lower case but for a metadata name.
    """
    try:
        return _fields(controls)
    except _ControlFaultError as fault:
        return CommandFault(reply_line(554, "5.6.0", str(fault)))


def header_name(control: str) -> str:
    """As people write it: ``X-Posthouse-Send-At``."""
    return control.title()


def _fields(controls: Mapping[str, Sequence[str]]) -> Fields:
    fields: Fields = {}
    metadata: dict[str, str] = {}
    for name, values in controls.items():
        if name == _LABEL:
            fields["tags"] = tuple(value.strip() for value in values)
        elif name.startswith(_METADATA) and len(name) > len(_METADATA):
            metadata[name[len(_METADATA) :]] = _only(name, values)
        elif name in _SINGLE:
            field, value = _single(name, _only(name, values))
            if fields.setdefault(field, value) != value:
                raise _ControlFaultError(f"{header_name(name)}: differs from another idempotency key, give one of them")
        else:
            raise _ControlFaultError(f"{header_name(name)}: is not known here")
    return fields | {"metadata": metadata} if metadata else fields


def _only(name: str, values: Sequence[str]) -> str:
    if len(values) != 1:
        raise _ControlFaultError(f"{header_name(name)}: must not stand more than once")
    return values[0].strip()


def _single(name: str, value: str) -> tuple[str, Any]:
    """Which field a control sets, and to what."""
    if not value:
        raise _ControlFaultError(f"{header_name(name)}: must not be empty")
    if name in _KEYS:
        return "dedupe_key", value
    if name in _TIMES:
        return _TIMES[name], _moment(name, value)
    if name == _VARIABLES:
        return "variables", _variables(name, value)
    return _WORDS[name], value


def _moment(name: str, value: str) -> datetime:
    try:
        moment: datetime = msgspec.convert(value, _MOMENT)
        return moment.astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        raise _ControlFaultError(f"{header_name(name)}: must be a time such as 2026-11-22T10:00:00Z, with its zone") from None


def _variables(name: str, value: str) -> dict[str, Any]:
    parsed = decode(value.encode("utf-8", "replace"))
    if isinstance(parsed, Rejection):
        raise _ControlFaultError(f"{header_name(name)}: must be a JSON object. {parsed.detail}")
    if parsed.faults:
        raise _ControlFaultError(f"{header_name(name)}: {parsed.faults[0].path} {parsed.faults[0].message}")
    return parsed.members

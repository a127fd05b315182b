"""What each kind of route carries, and what of a message a kind would lose."""

from typing import Final

import msgspec
import pytest

from posthouse.model.letter import Letter
from posthouse.model.route import RouteFact
from posthouse.model.send_request import Environment
from posthouse.policy.deliver import capabilities
from posthouse.policy.deliver.capabilities import CARRIES, RouteCapabilities, missing, takes_fields
from posthouse.policy.deliver.route import candidates

FIELDS: Final = tuple(field.name for field in msgspec.structs.fields(Letter))
EVERYTHING: Final = ("raw_mime", "message_id", "signature", *FIELDS)
VENDOR: Final = RouteCapabilities(raw_mime=False, message_id=False, signature=False, fields=frozenset({"to", "html"}))
"""A vendor that takes two fields."""


@pytest.mark.parametrize("kind", ["mx", "smtp", "smtps", "inbox"])
def test_a_route_that_takes_bytes_carries_everything(kind: str) -> None:
    assert missing(kind, EVERYTHING) == ()
    assert not takes_fields(kind)


def test_every_row_names_fields_that_a_letter_has() -> None:
    assert {name for row in CARRIES.values() for name in row.fields} <= set(FIELDS)


@pytest.mark.parametrize(
    ("needs", "lost"),
    [
        ((), ()),
        (("to", "html"), ()),
        (("to", "attachments", "cc"), ("attachments", "cc")),
        (("raw_mime",), ("raw_mime",)),
        (("html", "message_id", "signature"), ("message_id", "signature")),
    ],
)
def test_a_route_that_takes_fields_carries_those_of_its_row(
    needs: tuple[str, ...], lost: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(capabilities.CARRIES, "vendor", VENDOR)
    assert missing("vendor", needs) == lost
    assert takes_fields("vendor")


def test_an_unknown_kind_carries_nothing() -> None:
    assert missing("unknown", ("to",)) == ("to",)
    assert not takes_fields("unknown")


def test_a_route_that_cannot_carry_a_message_is_no_candidate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(capabilities.CARRIES, "vendor", VENDOR)
    routes = tuple(RouteFact(name=kind, kind=kind) for kind in ("vendor", "mx"))
    assert candidates(routes, Environment.LIVE, simulator=False) == (0, 1)
    assert candidates(routes, Environment.LIVE, simulator=False, needs=("html",)) == (0, 1)
    assert candidates(routes, Environment.LIVE, simulator=False, needs=("attachments",)) == (1,)
    assert candidates(routes, Environment.TEST, simulator=False, needs=("attachments",)) == ()

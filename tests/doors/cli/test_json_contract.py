"""``--json`` prints the structs that the API answers: the same names, the same ids, lists as pages."""

from typing import Any

import msgspec
import pytest

from posthouse.model.views.alerts import AlertPage
from posthouse.model.views.domains import DomainPage
from posthouse.model.views.hooks import HookPage
from posthouse.model.views.keys import CredentialPage, CredentialView
from posthouse.model.views.settings import AuditPage, TenantPage, TenantView, TypePage
from posthouse.model.views.suppressions import SuppressionDetail, SuppressionsAdded, SuppressionsRemoved, SuppressionView
from posthouse.model.views.templates import TemplatePage
from posthouse.model.views.webhooks import Rotated, TryPage, WebhookPage, WebhookView
from tests.doors.cli.conftest import World

URL = "https://app.example.com/hook"


def names(struct: type[msgspec.Struct]) -> set[str]:
    """As they stand in JSON."""
    return set(struct.__struct_encode_fields__)


def has_shape(value: Any, struct: type[msgspec.Struct]) -> bool:
    msgspec.convert(value, struct)
    return set(value) == names(struct)


@pytest.mark.parametrize(
    ("command", "page"),
    [
        (("key", "list"), CredentialPage),
        (("webhook", "list"), WebhookPage),
        (("domain", "list"), DomainPage),
        (("hook", "list"), HookPage),
        (("tenant", "list"), TenantPage),
        (("type", "list"), TypePage),
        (("template", "list"), TemplatePage),
        (("template", "trail"), AuditPage),
        (("alerts", "list"), AlertPage),
    ],
)
def test_a_list_is_a_page(founded: World, command: tuple[str, ...], page: type[msgspec.Struct]) -> None:
    founded.json("webhook", "add", URL)
    founded.json("domain", "add", "shop.example")
    founded.json("hook", "add", "resend")
    printed = founded.json(*command)
    assert has_shape(printed, page)
    assert printed["nextCursor"] is None


def test_a_list_that_is_cut_off_says_where_it_goes_on(founded: World) -> None:
    founded.json("suppression", "add", "a@x.test", "b@x.test", "--reason", "asked")
    assert founded.json("suppression", "list")["nextCursor"] is None
    assert founded.json("suppression", "list", "--limit", "1")["nextCursor"]
    assert founded.json("template", "trail", "--limit", "1")["nextCursor"]


def test_keys_are_the_apis_with_their_kind(founded: World) -> None:
    created = founded.json("key", "create", "--rate", "5")
    assert set(created) == {*names(CredentialView), "key"}
    assert set(founded.json("key", "create", "--smtp")) == {*names(CredentialView), "username", "password"}
    assert has_shape(founded.json("key", "change", created["id"], "--rate", "0"), CredentialView)


def test_webhooks_are_the_apis(founded: World) -> None:
    created = founded.json("webhook", "add", URL)
    assert set(created) == {*names(WebhookView), "secret"}
    assert has_shape(founded.json("webhook", "rotate", created["id"]), Rotated)
    assert has_shape(founded.json("webhook", "log", created["id"]), TryPage)


def test_suppressions_are_the_apis_with_their_evidence_where_they_are_listed(founded: World) -> None:
    added = founded.json("suppression", "add", "a@x.test", "--reason", "asked")
    assert has_shape(added, SuppressionsAdded)
    assert has_shape(added["data"][0], SuppressionView)
    assert has_shape(founded.json("suppression", "list")["data"][0], SuppressionDetail)
    assert has_shape(founded.json("suppression", "remove", "a@x.test", "--reason", "asked"), SuppressionsRemoved)


def test_a_tenant_is_the_apis(founded: World) -> None:
    assert has_shape(founded.json("tenant", "show"), TenantView)


def test_what_the_contract_fixes_stays_as_it_is(world: World) -> None:
    created = world.json("init")
    assert set(created) == {"tenant", "liveKey", "testKey", "smtp"}
    assert set(created["smtp"]) == {"username", "password"}
    assert set(world.json("hook", "add", "resend")) == {"url"}

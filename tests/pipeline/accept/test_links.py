"""Which mail carries links of ours, and what they are."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from posthouse.mail import link
from posthouse.mail.link import LinkPurpose, link_key
from posthouse.model.brand import Brand
from posthouse.model.mailbox import Mailbox
from posthouse.model.route import RouteFact
from posthouse.model.send_request import Caller, Environment, Rejection, SendRequest
from posthouse.model.stream import Stream, default
from posthouse.pipeline.accept.content import parts_of_request
from posthouse.pipeline.accept.links import LinkBuilder
from posthouse.pipeline.accept.message import AdmittedMessage
from posthouse.pipeline.accept.tenant_facts import SendFacts, StreamFacts, TenantSender
from posthouse.policy.accept.admit import Admission, AdmissionFacts, resolve, resolve_type_and_stream
from posthouse.templates.html.text import text_of

KEY = b"k" * 32
HTML = '<body><a href="https://shop.example/x?a=1&amp;b=2">go</a></body>'
LINKER = LinkBuilder(KEY, "https://mail.example/", "bounce.example")


NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CALLER = Caller(tenant=1, tenant_ref="t1", environment=Environment.LIVE, credential="c", door="http")
INBOX = (RouteFact(name="inbox", kind="inbox"),)
TENANT = TenantSender(None, ())


def linked(linker: LinkBuilder = LINKER, stream: Stream | None = None, html: str | None = HTML, **fields: Any) -> Any:
    to = tuple(Mailbox(*address.split("@")) for address in fields.pop("to", ("jane@example.com",)))
    request = SendRequest(to=to, sender=Mailbox("shop", "shop.example"), subject="s", html=html, **fields)
    type_and_stream = resolve_type_and_stream(request, CALLER, None, {})
    admission = resolve(request, CALLER, AdmissionFacts(type_and_stream=type_and_stream, domain=None, routes=INBOX), NOW)
    assert isinstance(admission, Admission), admission
    facts = SendFacts(
        type_and_stream=type_and_stream,
        tenant=TENANT,
        stream=StreamFacts(stream or default(admission.stream), None, ()),
        default_from=None,
        domain=None,
        brand=Brand(),
    )
    parts = msgspec.structs.replace(parts_of_request(request), html=html)
    message = AdmittedMessage(
        id=UUID(int=7), now=NOW, caller=CALLER, request=request, facts=facts, admission=admission, parts=parts
    )
    return linker.link(message)


def test_nothing_is_tracked_unless_requested() -> None:
    assert linked(type="receipt").html is HTML


@pytest.mark.parametrize(("type", "bits"), [("receipt", 3), ("password_reset", 0), ("security_alert", 0), ("transactional", 0)])
def test_a_stream_that_tracks_does_so_only_where_the_type_may_be(type: str, bits: int) -> None:
    stream = Stream(name="transactional", track_opens=True, track_clicks=True)
    assert linked(stream=stream, type=type).tracking == bits


def test_a_tracked_link_leads_to_its_original_target() -> None:
    found = linked(type="receipt", track_clicks=True)
    [url] = re.findall(r'href="https://mail\.example/t/c/([^"]+)"', found.html)
    read = link.read((link_key(KEY),), LinkPurpose.CLICK, url)
    assert read is not None
    assert (read.target, read.position) == ("https://shop.example/x?a=1&b=2", 0)
    assert "shop.example" not in text_of(found.html)


def test_links_are_on_the_streams_own_host_by_https() -> None:
    stream = Stream(name="marketing", unsubscribe=True, track_opens=True, tracking_domain="links.shop.example")
    found = linked(LinkBuilder(KEY, "http://127.0.0.1:8025", ""), stream, type="receipt", track_clicks=True)
    assert len(re.findall(r'"https://links\.shop\.example/t/[co]/', found.html)) == 2
    assert found.headers["List-Unsubscribe"].startswith("<https://links.shop.example/u/")
    assert "List-Unsubscribe-Post" in found.headers
    assert found.warnings == ()
    assert linked(stream=stream, type="password_reset").html is HTML


def test_several_recipients_are_not_tracked() -> None:
    found = linked(type="receipt", track_opens=True, to=("a@x.test", "b@x.test"))
    assert (found.tracking, [warning.code for warning in found.warnings]) == (0, ["tracking_off"])


def test_commercial_mail_carries_its_unsubscribe() -> None:
    headers = linked(type="newsletter").headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    found = re.fullmatch(
        r"<https://mail\.example/u/([^>]+)>, <mailto:(u\+[a-z2-7]{45})@bounce\.example>", headers["List-Unsubscribe"]
    )
    assert found is not None, headers
    assert link.read((link_key(KEY),), LinkPurpose.UNSUBSCRIBE, found[1]) is not None
    assert link.read_address((link_key(KEY),), found[2]) is not None


def test_transactional_mail_carries_no_unsubscribe_unless_its_stream_is_set_so() -> None:
    assert linked(type="receipt").headers == {}
    assert "List-Unsubscribe" in linked(stream=Stream(name="transactional", unsubscribe=True), type="receipt").headers


def test_a_callers_own_unsubscribe_stands() -> None:
    assert linked(type="newsletter", headers={"List-Unsubscribe": "<https://x.test/out>"}).headers == {}


def test_a_commercial_mail_to_several_is_refused() -> None:
    found = linked(type="newsletter", to=("a@x.test", "b@x.test"))
    assert isinstance(found, Rejection)
    assert found.errors[0].path == "to"


def test_without_https_there_is_a_warning_and_no_one_click() -> None:
    found = linked(LinkBuilder(KEY, "http://127.0.0.1:8025", ""), type="newsletter")
    assert (found.headers, [warning.code for warning in found.warnings]) == ({}, ["unsubscribe_unavailable"])
    assert msgspec.structs.replace(found).html is HTML

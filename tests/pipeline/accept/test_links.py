"""Which mail carries links of ours, and what they are."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from posthouse.mail import link
from posthouse.mail.link import LinkPurpose, link_key
from posthouse.model.mailbox import Mailbox
from posthouse.model.route import RouteFact
from posthouse.model.send_request import Caller, Environment, Rejection, SendRequest
from posthouse.model.stream import Stream, default
from posthouse.pipeline.accept.links import LinkBuilder
from posthouse.policy.accept.admit import Admission, AdmissionFacts, resolve
from posthouse.templates.html.text import text_of

KEY = b"k" * 32
HTML = '<body><a href="https://shop.example/x?a=1&amp;b=2">go</a></body>'
LINKER = LinkBuilder(KEY, "https://mail.example/", "bounce.example")


NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
CALLER = Caller(tenant=1, tenant_ref="t1", environment=Environment.LIVE, credential="c", door="http")
FACTS = AdmissionFacts(domain=None, routes=(RouteFact(name="inbox", kind="inbox"),))


def linked(linker: LinkBuilder = LINKER, stream: Stream | None = None, html: str | None = HTML, **fields: Any) -> Any:
    to = tuple(Mailbox(*address.split("@")) for address in fields.pop("to", ("jane@example.com",)))
    request = SendRequest(to=to, sender=Mailbox("shop", "shop.example"), subject="s", html=html, **fields)
    admission = resolve(request, CALLER, FACTS, NOW)
    assert isinstance(admission, Admission), admission
    return linker.link(CALLER, request, admission, stream or default(admission.stream), html, UUID(int=7))


def test_nothing_is_tracked_unless_asked_for() -> None:
    assert linked(type="receipt").html is HTML


@pytest.mark.parametrize(("type", "bits"), [("receipt", 3), ("password_reset", 0), ("security_alert", 0), ("transactional", 0)])
def test_a_stream_that_tracks_does_so_only_where_the_type_may_be(type: str, bits: int) -> None:
    stream = Stream(name="transactional", track_opens=True, track_clicks=True)
    assert linked(stream=stream, type=type).tracking == bits


def test_a_click_leads_where_the_author_pointed() -> None:
    found = linked(type="receipt", track_clicks=True)
    [url] = re.findall(r'href="https://mail\.example/t/c/([^"]+)"', found.html)
    read = link.read((link_key(KEY),), LinkPurpose.CLICK, url)
    assert read is not None
    assert (read.target, read.position) == ("https://shop.example/x?a=1&b=2", 0)
    assert "shop.example" not in text_of(found.html)


def test_links_stand_on_the_streams_own_host_by_https() -> None:
    stream = Stream(name="marketing", unsubscribe=True, track_opens=True, tracking_domain="links.shop.example")
    found = linked(LinkBuilder(KEY, "http://127.0.0.1:8025", ""), stream, type="receipt", track_clicks=True)
    assert len(re.findall(r'"https://links\.shop\.example/t/[co]/', found.html)) == 2
    assert b"<https://links.shop.example/u/" in found.head.replace(b"\r\n ", b"")
    assert b"List-Unsubscribe-Post" in found.head
    assert found.warnings == ()
    assert linked(stream=stream, type="password_reset").html is HTML


def test_several_recipients_are_not_tracked() -> None:
    found = linked(type="receipt", track_opens=True, to=("a@x.test", "b@x.test"))
    assert (found.tracking, [warning.code for warning in found.warnings]) == (0, ["tracking_off"])


def test_commercial_mail_carries_its_way_out() -> None:
    head = linked(type="newsletter").head.decode()
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in head
    unfolded = re.sub(r"\r\n[ \t]+", " ", head)
    found = re.search(
        r"List-Unsubscribe: <https://mail\.example/u/([^>]+)>, <mailto:(u\+[a-z2-7]{45})@bounce\.example>\r\n", unfolded
    )
    assert found is not None, head
    assert link.read((link_key(KEY),), LinkPurpose.UNSUBSCRIBE, found[1]) is not None
    assert link.read_address((link_key(KEY),), found[2]) is not None


def test_transactional_mail_carries_none_unless_its_stream_says_so() -> None:
    assert linked(type="receipt").head == b""
    assert b"List-Unsubscribe" in linked(stream=Stream(name="transactional", unsubscribe=True), type="receipt").head


def test_a_callers_own_way_out_stands() -> None:
    assert linked(type="newsletter", headers={"List-Unsubscribe": "<https://x.test/out>"}).head == b""


def test_a_commercial_mail_to_several_is_refused() -> None:
    found = linked(type="newsletter", to=("a@x.test", "b@x.test"))
    assert isinstance(found, Rejection)
    assert found.errors[0].path == "to"


def test_without_https_there_is_a_warning_and_no_one_click() -> None:
    found = linked(LinkBuilder(KEY, "http://127.0.0.1:8025", ""), type="newsletter")
    assert (found.head, [warning.code for warning in found.warnings]) == (b"", ["unsubscribe_unavailable"])
    assert msgspec.structs.replace(found).html is HTML

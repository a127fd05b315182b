"""The fields of a message beside its bytes: sealed where a route takes fields, for every way in which a message comes."""

import os
from typing import Any, Final

import pytest

from posthouse.doors.submission.request import read_request
from posthouse.mail.mime.readable import read
from posthouse.mail.smtp.server.action import Envelope
from posthouse.model.letter import Attachment, Letter
from posthouse.model.mailbox import Mailbox
from posthouse.model.route import RouteFact
from posthouse.model.send_request import Caller, Environment, SendRequest
from posthouse.net.entropy import Entropy
from posthouse.pipeline.accept.draft import MessageBuilder
from posthouse.pipeline.accept.links import LinkBuilder
from posthouse.pipeline.accept.row import Draft
from posthouse.pipeline.accept.tenant_facts import TenantFacts
from posthouse.policy.deliver import capabilities
from posthouse.policy.deliver.capabilities import RouteCapabilities
from posthouse.store.messages.contents import open_content, open_letter
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer
from posthouse.store.tenants import tenants
from posthouse.store.tenants.domains import Domains
from posthouse.testing.clock import FakeClock
from tests.support.postgres import NOW

SEALER: Final = Sealer(("a secret of the tests",), os.urandom)
SHOP, JANE, JOE = Mailbox("shop", "shop.example", "Shop"), Mailbox("jane", "example.com", "Jané"), Mailbox("joe", "example.com")
IMAGE: Final = Attachment("logo.png", b"\x89PNG\0", "image/png", "logo")
VENDOR, INBOX = RouteFact(name="vendor", kind="vendor"), RouteFact(name="inbox", kind="inbox")
SUBMITTED: Final = (
    b'From: "Shop" <shop@shop.example>\r\nTo: =?utf-8?q?Jan=C3=A9?= <jane@example.com>, list@lists.example\r\n'
    b"Cc: joe@example.com\r\n"
    b"Reply-To: help@shop.example\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nX-Order: 7\r\nX-Posthouse-Tag: a\r\n"
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: multipart/related; boundary="b"\r\n\r\n'
    b"--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>Hi <img src=cid:logo></p>\r\n"
    b"--b\r\nContent-Type: image/png; name=logo.png\r\nContent-ID: <logo>\r\n"
    b"Content-Transfer-Encoding: base64\r\n\r\niVBORwA=\r\n--b--\r\n"
)


@pytest.fixture(autouse=True)
def vendor(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of route that takes fields; there is none yet."""
    takes = RouteCapabilities(raw_mime=False, message_id=False, signature=False, fields=frozenset({"to", "html"}))
    monkeypatch.setitem(capabilities.CARRIES, "vendor", takes)


async def draft(database: Database, request: SendRequest, route: RouteFact = VENDOR) -> Draft:
    async with database.session() as session:
        tenant = await tenants.create(session, "first", NOW)
    caller = Caller(tenant=tenant.id, tenant_ref=tenant.ref, environment=Environment.TEST, credential="c", door="http")
    facts = TenantFacts(database, Domains(database, SEALER), FakeClock(NOW))
    links = LinkBuilder(SEALER.token_key, "https://mail.example", "bounce.example")
    builder = MessageBuilder(facts=facts, sealer=SEALER, entropy=Entropy(), routes=(INBOX, route), links=links)
    found = await builder.draft(caller, request, NOW)
    assert isinstance(found, Draft), found
    return found


def letter_of(found: Draft) -> Letter:
    letter = open_letter(SEALER, found.row.sealed, found.row.key_id, found.row.id.bytes)
    assert letter is not None
    return letter


def bytes_of(found: Draft) -> bytes:
    content = open_content(SEALER, found.row.sealed, found.row.key_id, found.row.id.bytes)
    return b"\r\n".join((content.head, content.body))


async def test_nothing_is_sealed_beside_the_bytes_where_every_route_takes_bytes(database: Database) -> None:
    found = await draft(database, SendRequest(to=(JANE,), sender=SHOP, subject="Hi", text="x"), INBOX)
    assert open_letter(SEALER, found.row.sealed, found.row.key_id, found.row.id.bytes) is None


async def test_an_inline_mail_has_the_fields_of_its_request(database: Database) -> None:
    fields: dict[str, Any] = {
        "to": (JANE,),
        "cc": (JOE,),
        "bcc": (Mailbox("bob", "example.com"),),
        "sender": SHOP,
        "reply_to": (JOE,),
        "subject": "Grüße",
        "html": "<p>Hi</p>",
        "headers": {"X-Order": "7"},
        "attachments": (IMAGE,),
        "tags": ("a",),
        "metadata": {"order": "7"},
        "type": "receipt",
    }
    found = await draft(database, SendRequest(**fields))
    letter = letter_of(found)
    assert (letter.header_from, letter.to, letter.cc, letter.reply_to) == (SHOP, (JANE,), (JOE,), (JOE,))
    assert (letter.subject, letter.html, letter.text, letter.attachments) == ("Grüße", "<p>Hi</p>", "Hi", (IMAGE,))
    assert (letter.tags, letter.metadata, letter.type, letter.stream) == (("a",), {"order": "7"}, "receipt", "transactional")
    assert letter.headers["X-Order"] == "7"
    assert letter.headers["Feedback-ID"].startswith("receipt:transactional:")


async def test_a_mail_from_a_template_has_what_was_rendered_with_our_links_in_it(database: Database) -> None:
    variables = {"reset_link": "https://shop.example/r", "user_name": "Ada"}
    found = await draft(database, SendRequest(to=(JANE,), sender=SHOP, template="password-reset", variables=variables))
    letter, seen = letter_of(found), read(bytes_of(found))
    assert letter.subject == seen.subject
    assert (letter.html or "").splitlines() == (seen.html or "").splitlines()
    assert (letter.text or "").splitlines() == (seen.text or "").splitlines()
    assert letter.headers["Auto-Submitted"] == "auto-generated"

    tracked = await draft(
        database,
        SendRequest(
            to=(JANE,), sender=SHOP, subject="x", html='<a href="https://x.example/">x</a>', type="newsletter", track_clicks=True
        ),
    )
    letter = letter_of(tracked)
    assert (letter.track_opens, letter.track_clicks) == (False, True)
    assert "https://mail.example/t/c/" in (letter.html or "")
    assert letter.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


async def test_a_submitted_mail_has_the_fields_of_its_entity(database: Database) -> None:
    request = read_request(Envelope("bounces@shop.example", (JANE, JOE), False), SUBMITTED)
    assert isinstance(request, SendRequest)
    letter = letter_of(await draft(database, request))
    assert (letter.header_from, letter.to, letter.cc) == (SHOP, (JANE, Mailbox("list", "lists.example")), (JOE,))
    assert letter.reply_to == (Mailbox("help", "shop.example"),)
    assert (letter.subject, letter.html, letter.text) == ("Grüße", "<p>Hi <img src=cid:logo></p>", None)
    assert letter.attachments == (IMAGE,)
    assert (letter.headers["X-Order"], letter.tags) == ("7", ("a",))
    assert not any(name.lower().startswith(("x-posthouse-", "content-")) for name in letter.headers)

"""Whatever was handed in, what leaves is clean, seven-bit, signed twice, and goes to exactly the address that is stored (S-02 to
S-04, S-12).
"""

import base64
import re
import smtplib
from collections.abc import Callable
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.testing.fake_mx import ReceivedMail
from tests.journey.conftest import World
from tests.support.mailer import SENDER, session, submit
from tests.support.on_the_wire import assert_fit, blemishes
from tests.support.peers import arrived, until_true
from tests.support.signatures import opendkim_verdicts
from tests.support.timelines import raw

ODD: dict[str, dict[str, Any]] = {
    "names": {"from": {"email": SENDER, "name": "Jürgen Größe, 株式会社"}, "subject": "Grüße — 日本語 🎉 " * 20, "text": "ü\n"},
    "long_lines": {"subject": "x" * 300, "text": "word " * 1000 + "\n" + "z" * 5000, "html": "<p>" + "ü" * 3000 + "</p>"},
    "stray": {"subject": "Stray", "text": "a\rb\nc\r\r\nd\n\r\n.\r\n.\rf", "html": "<p>a\rb\r\r\n.</p>\r"},
    "separators": {"subject": "Lines", "text": "a\u2028b\u2029c\x0bd\x0ce\x85f\x1cg", "html": "<p>a\u2028b</p>"},
    "dots": {"subject": ".", "text": ".\n..\n.\r\n...\n.a\n\n.\n", "html": ".\n<p>.</p>\n.\n"},
    "empty": {"subject": "", "text": "\n"},
    "from_space": {"subject": "From ", "text": "From me\n>From you\n"},
}
ATTACHMENT: dict[str, Any] = {
    "attachments": [
        {"filename": "Größe 日本 “1”.pdf", "content": base64.b64encode(bytes(range(256)) * 50).decode(), "contentType": "application/pdf"},
        {"filename": "dot.txt", "content": base64.b64encode(b".\r.\n\0.\r\n" * 100).decode(), "contentType": "text/plain"},
    ],
    "headers": {"X-Note": "Grüße " * 60},
}  # fmt: skip


def by_http(world: World, to: str, **fields: Any) -> ReceivedMail:
    answer = world.product.send(**({"to": {"email": to, "name": "Käufer, “der”"}, "from": SENDER} | fields))
    world.product.wait(answer["id"], "delivered")
    entry = arrived(world.mx, to)
    assert raw(world.product, answer["id"]) == entry.data
    return entry


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("more", [{}, ATTACHMENT], ids=["bare", "with-files"])
def test_over_http_it_leaves_clean_and_signed(world: World, name: str, more: dict[str, Any]) -> None:
    entry = by_http(world, f"odd-{name}-{len(more)}@x.test", **ODD[name], **more)
    assert_fit([entry], world.records)
    parsed = message_from_bytes(entry.data, policy=policy.default)
    assert len(parsed.get_all("From", [])) == len(parsed.get_all("Subject", [])) == len(parsed.get_all("Date", [])) == 1
    assert parsed["Subject"].strip() == ODD[name]["subject"].strip()
    if more:
        files = [part.get_payload(decode=True) for part in parsed.walk() if part.get_filename()]
        assert files == [base64.b64decode(file["content"]) for file in ATTACHMENT["attachments"]]


def test_html_comes_with_text_and_text_alone_stays_alone(world: World) -> None:
    both = by_http(world, "html@x.test", subject="Both", html="<p>Hello <b>you</b></p>")
    alone = by_http(world, "text@x.test", subject="Alone", text="Hello.\n")
    assert b"Content-Type: multipart/alternative" in both.data
    assert message_from_bytes(alone.data).get_content_type() == "text/plain"


HEAD = f"From: Größe <{SENDER}>\r\nSubject: Grüße\r\n"
SUBMITTED = {
    "eight_bits": (HEAD + "To: a@x.test\r\n\r\nGrüße\r\n").encode(),
    "latin_1": (HEAD + "Content-Type: text/plain; charset=iso-8859-1\r\n\r\nGrüße\r\n").encode("latin-1"),
    "long_lines": (HEAD + "\r\n" + "z" * 5000 + "\r\n").encode(),
    "long_field": (f"From: {SENDER}\r\nSubject: s\r\nX-Long: " + "word " * 300 + "\r\n\r\nx\r\n").encode(),
    "separators": (HEAD + "\r\na\u2028b\u2029c\x0bd\x0c\x1ce\r\n").encode(),
    "dots": (HEAD + "\r\n.\r\n..\r\n.a\r\n\r\n.\r\n").encode(),
    "no_body": HEAD.encode() + b"\r\n",
    "parts": (
        HEAD + 'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\npreamble\r\n--b\r\n'
        "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGrüße\r\n--b\r\n"
        "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n--b--\r\nepilogue\r\n"
    ).encode(),
}  # fmt: skip


@pytest.mark.parametrize("name", SUBMITTED)
def test_over_smtp_it_leaves_clean_and_signed(world: World, name: str) -> None:
    to = f"submitted-{name}@x.test"
    answer = submit(world.product, SUBMITTED[name], to)
    world.product.wait(answer.message, "delivered")
    entry = arrived(world.mx, to)
    assert_fit([entry], world.records)
    assert raw(world.product, answer.message) == entry.data


@pytest.mark.parametrize("stray", [b"a\rb", b"a\nb", b"a\0b", b"a\r\r\nb", b"a\n\r\nb", b"\n.\n", b"\n.\r\n", b"\r.\r"])
def test_over_smtp_stray_ends_of_lines_are_refused_or_made_clean(world: World, stray: bytes) -> None:
    to = f"stray-{stray.hex()}@x.test"
    try:
        answer = submit(world.product, HEAD.encode() + b"\r\nbefore " + stray + b" after\r\n", to)
    except smtplib.SMTPServerDisconnected:
        return
    if answer.code == 250:
        world.product.wait(answer.message, "delivered")
        assert not blemishes(arrived(world.mx, to).data)
    assert answer.code in {250, 521, 550, 554}, answer


@pytest.mark.parametrize("field", ["text", "html", "subject"])
def test_over_http_nul_is_an_error_that_names_the_field(world: World, field: str) -> None:
    asked = {"to": "nul@x.test", "from": SENDER, "subject": "s", "text": "t"} | {field: "a\0b"}
    status, problem = world.product.ask("POST", "/v1/send", asked)
    assert (status, problem["code"], problem["errors"][0]["path"]) == (422, "validation_failed", field)


@pytest.mark.parametrize("field", ["subject", "from", "replyTo", "headers", "filename"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\0", "\u2028", "\x0b"])
def test_no_field_adds_a_line_to_the_header(world: World, field: str, end: str) -> None:
    evil = f"a{end}Bcc: victim@x.test{end} b"
    asked: dict[str, Any] = {"to": "injected@x.test", "from": SENDER, "subject": "s", "text": "t"}
    fields: dict[str, dict[str, Any]] = {
        "subject": {"subject": evil},
        "from": {"from": {"email": SENDER, "name": evil}},
        "replyTo": {"replyTo": {"email": SENDER, "name": evil}},
        "headers": {"headers": {"X-A": evil}},
        "filename": {"attachments": [{"filename": evil, "content": "AAAA"}]},
    }
    status, answer = world.product.ask("POST", "/v1/send", asked | fields[field])
    if status == 202:
        world.product.wait(answer["id"], "delivered")
        assert not re.search(rb"(?im)^bcc:", raw(world.product, answer["id"]))
    else:
        assert (status, answer["code"]) == (422, "validation_failed")


def test_opendkim_agrees(world: World, debian_tool: Callable[[str], Path], tmp_path: Path) -> None:
    opendkim = debian_tool("opendkim")
    for name, odd in ODD.items():
        entry = by_http(world, f"opendkim-{name}@x.test", **odd, **ATTACHMENT)
        assert opendkim_verdicts(opendkim, entry.data, world.records, tmp_path) == ["pass", "pass"], name


ATOM = st.text("abcXYZ019!#$%&'*+-/=?^_`{|}~", min_size=1, max_size=12)
DOTTED = st.lists(ATOM, min_size=1, max_size=3).map(".".join)
QUOTED = st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S", "Zs"]), max_size=15).map(
    lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
)
FOREIGN = st.text("äßçñ日本語ıſK", min_size=1, max_size=8)
LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True) | st.sampled_from(
    ["bücher", "日本", "xn--bcher-kva", "STRASSE"]
)
ADDRESSES = st.builds(
    "{}@{}.any.test".format, st.one_of(DOTTED, DOTTED, QUOTED, FOREIGN).filter(lambda local: not local.startswith("f+")), LABEL
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ADDRESSES, min_size=1, max_size=4, unique=True))
def test_the_path_on_the_wire_is_the_stored_address_byte_for_byte(world: World, addresses: list[str]) -> None:
    messages = [{"to": address, "from": SENDER, "subject": "Hi", "text": "Hi.\n"} for address in addresses]
    _, answer = world.product.ask("POST", "/v1/send/batch", {"messages": messages})
    stored = {
        result["id"].removeprefix("msg_").encode(): result["deliveries"][0]["recipient"]
        for result in answer["results"]
        if "id" in result
    }

    def paths() -> dict[bytes, bytes]:
        found = {}
        for entry in reversed(tuple(world.mx.ledger)[-200:]):
            named = re.search(rb"^Message-ID: <([0-9a-z]{26})@", entry.data, re.MULTILINE)
            if named is not None and named[1] in stored:
                found[named[1]] = entry.recipient
        return found

    until_true(lambda: len(paths()) == len(stored), f"not all of {stored} arrived: {paths()}")
    assert paths() == {message: recipient.encode() for message, recipient in stored.items()}


@pytest.mark.parametrize("path", ['"a b"@x.test', '"a>b"@x.test', '"a@b"@x.test', '"a\\"b"@x.test', "a'b`c{d}@x.test"])
def test_over_smtp_the_path_is_passed_on_as_it_came(world: World, path: str) -> None:
    with session(world.product) as client:
        client.docmd(f"MAIL FROM:<{SENDER}>")
        code, said = client.docmd(f"RCPT TO:<{path}>")
        if code != 250:
            assert code in {501, 550, 553}, said
            return
        code, said = client.data(HEAD.encode() + b"\r\nx\r\n")
        assert code == 250, said
    until_true(lambda: path.encode() in [entry.recipient for entry in tuple(world.mx.ledger)], f"{path} did not arrive")

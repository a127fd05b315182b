"""Two signatures that a stranger (dkimpy) verifies, and that do not survive an added header or a changed body."""

import re
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import dkim as referee
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.dkim import ED25519, RSA, SIGNED, SigningKey, dns_record, generate, load, sign
from posthouse.mail.mime.compose import body_digest, compose, finish
from posthouse.mail.mime.submitted import Submitted, read_submitted
from posthouse.model.content import Content
from posthouse.model.letter import Attachment
from posthouse.model.mailbox import Mailbox

DOMAIN = "xn--bcher-kva.example"
PAIRS = {RSA: generate(RSA), ED25519: generate(ED25519)}
KEYS = tuple(load(DOMAIN, algorithm[:2], algorithm, private) for algorithm, (private, _) in PAIRS.items())
AT = datetime(2026, 11, 22, 12, 0, 0, 999_000, tzinfo=UTC)
FEEDBACK = b"Feedback-ID: receipt:main:t1:42\r\n"
TEXT = st.one_of(st.text(max_size=200), st.text("ab  .=\t\r\n\0\x0b\u2028ü", max_size=200))
HEADER_TEXT = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=150).map(str.strip)


@pytest.fixture(autouse=True)
def _verified_at_the_time_of_signing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(referee, "time", SimpleNamespace(time=lambda: AT.timestamp() + 60))


def found_in_dns(name: bytes, **_: object) -> bytes | None:
    records = {
        f"{a[:2]}._domainkey.{DOMAIN}.".encode(): dns_record(public, a).encode() for a, (_private, public) in PAIRS.items()
    }
    return records.get(name)


def signed(content: Content, keys: tuple[SigningKey, ...] = KEYS, at: datetime = AT) -> bytes:
    head = finish(content, date=at, message_id=f"<1@{DOMAIN}>", extra=FEEDBACK)
    return sign(head, content.body_digest, keys, at) + head + b"\r\n" + content.body


def verdicts(data: bytes) -> list[bool]:
    count = len(re.findall(rb"^DKIM-Signature:", data, re.MULTILINE))
    return [_verdict(data, number) for number in range(count)]


def _verdict(data: bytes, number: int) -> bool:
    try:
        return bool(referee.DKIM(data).verify(idx=number, dnsfunc=found_in_dns))
    except referee.ValidationError:
        return False


def made(text: str = "Hi\n", html: str | None = None, subject: str = "Hello", name: str = "Shop", **headers: str) -> Content:
    return compose(
        sender=Mailbox("noreply", DOMAIN, name),
        to=(Mailbox("u", "example.com", name),),
        cc=(),
        reply_to=(),
        subject=subject,
        text=text,
        html=html,
        headers=headers,
        attachments=(Attachment("größe\r.bin", bytes(range(256)), "a/b"),),
        seed="s",
    )


@settings(max_examples=60, deadline=None)
@given(text=TEXT, html=st.none() | TEXT, subject=HEADER_TEXT, name=HEADER_TEXT)
def test_both_signatures_verify_whatever_was_said(text: str, html: str | None, subject: str, name: str) -> None:
    assert verdicts(signed(made(text, html, subject, name[:100]))) == [True, True]


@settings(max_examples=60, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text("ab \t\r\n.=", max_size=300).map(str.encode)), HEADER_TEXT)
def test_both_signatures_verify_for_submitted_mail(body: bytes, subject: str) -> None:
    raw = b"From: J\xfcrgen <j@%b>\r\nTo: x@y.example\r\nSubject: %b\r\nX-Odd:\ta  b\r\n\t c \r\n\r\n" % (
        DOMAIN.encode(),
        subject.encode(),
    )
    found = read_submitted(raw + body + b"long " * 300)
    assert isinstance(found, Submitted)
    assert verdicts(signed(found.content)) == [True, True]


@pytest.mark.parametrize(
    "body", [b"", b"\r\n", b"\r\n\r\n", b" \r\n \r\n", b"a", b"a\r\n\r\n", b"a  b\t \r\n\t\r\n", b"a\r\n \r\nb"]
)
def test_the_edges_of_relaxed_bodies_verify(body: bytes) -> None:
    content = Content(head=b"From: a@b\r\nX: y\r\n", body=body, body_digest=body_digest(body))
    assert verdicts(signed(content)) == [True, True]


def test_rsa_stands_first_whatever_the_order_of_the_keys() -> None:
    fields = re.findall(rb"a=([a-z0-9-]+);", signed(made(), KEYS[::-1]))
    assert fields == [b"rsa-sha256", b"ed25519-sha256"]


def test_every_field_is_signed_once_for_each_instance_and_once_more() -> None:
    data = signed(made(**{"List-Unsubscribe": "<https://x.example/u>", "References": "<a@b> <c@d>"}))
    value = re.sub(rb"\s+", b"", data.split(b" h=", 1)[1].split(b";", 1)[0])
    names = value.split(b":")
    head = data.split(b"\r\n\r\n", 1)[0].lower()
    for name in SIGNED:
        assert names.count(name) == len(re.findall(rb"^%b:" % name, head, re.MULTILINE)) + 1


@pytest.mark.parametrize("name", [name.decode() for name in SIGNED])
def test_no_second_instance_of_a_signed_field_can_be_added(name: str) -> None:
    data = signed(made())
    assert verdicts(f"{name}: evil@x.example\r\n".encode() + data) == [False, False]
    split = data.index(b"\r\n\r\n") + 2
    assert verdicts(data[:split] + f"{name}: evil@x.example\r\n".encode() + data[split:]) == [False, False]


def test_two_instances_of_a_field_verify() -> None:
    content = Content(head=b"From: a@b\r\nTo: a@b\r\nTO: c@d\r\nX: y\r\n", body=b"", body_digest=body_digest(b""))
    assert verdicts(signed(content)) == [True, True]


def test_a_body_that_grew_or_changed_does_not_verify() -> None:
    data = signed(made())
    assert b" l=" not in data
    assert verdicts(data + b"more\r\n") == [False, False]
    assert verdicts(data.replace(b"Hi\r\n", b"Ha\r\n")) == [False, False]


def test_a_signature_is_bounded_to_seven_days() -> None:
    data = signed(made())
    begin, end = (int(re.findall(rb" %b=(\d+);" % tag, data)[0]) for tag in (b"t", b"x"))
    assert begin == int(AT.timestamp())
    assert timedelta(seconds=end - begin) == timedelta(days=7)


def test_the_same_attempt_gives_the_same_bytes() -> None:
    assert signed(made()) == signed(made())


def test_signature_fields_keep_short_lines() -> None:
    fields = sign(b"From: a@b\r\n" * 20, b"d" * 32, KEYS, AT)
    assert fields.endswith(b"\r\n")
    assert max(map(len, fields.split(b"\r\n"))) <= 78


def test_records_for_dns_name_the_key() -> None:
    assert dns_record("QUJD", RSA) == "v=DKIM1; k=rsa; p=QUJD"
    assert dns_record("QUJD", ED25519) == "v=DKIM1; k=ed25519; p=QUJD"


@pytest.mark.parametrize(("algorithm", "private"), [(RSA, b"nonsense"), (ED25519, b"short"), ("rsa-sha1", PAIRS[RSA][0])])
def test_what_is_no_key_is_not_loaded(algorithm: str, private: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        load(DOMAIN, "s", algorithm, private)


def test_an_unknown_algorithm_is_not_generated() -> None:
    with pytest.raises(ValueError, match="rsa-sha1"):
        generate("rsa-sha1")


def test_opendkim_verifies_both_and_neither_after_a_second_from(debian_tool: Callable[[str], Path], tmp_path: Path) -> None:
    opendkim = debian_tool("opendkim")
    records = [f"{a[:2]}._domainkey.{DOMAIN} {dns_record(public, a)}\n" for a, (_private, public) in PAIRS.items()]
    (tmp_path / "dns").write_text("".join(records))
    (tmp_path / "conf").write_text(f"Mode v\nTestDNSData {tmp_path / 'dns'}\n")
    at = datetime.now(UTC)  # a stranger has its own clock and minds x=
    data = signed(made("Grüße\rx\0\n" + "long " * 300, "<p>ü</p>", "Grüße " * 20, "Jürgen"), at=at)
    for text, results in ((data, ["pass", "pass"]), (b"From: evil@x.example\r\n" + data, ["fail", "fail"])):
        (tmp_path / "mail").write_bytes(text)
        command = [str(part) for part in (opendkim, "-x", tmp_path / "conf", "-vv", "-t", tmp_path / "mail")]
        said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout
        assert re.findall(r"dkim=(pass|fail)", said) == results

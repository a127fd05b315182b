"""The path on the wire is the stored address, byte for byte, for every address that we accept (S-04, S-05)."""

import asyncio
import re
from datetime import timedelta

import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from posthouse.mail.address import parse_path
from posthouse.mail.smtp.client import ClientConversation
from posthouse.mail.smtp.handshake import SessionReady, SessionTerms, TlsUse
from posthouse.model.mailbox import Mailbox
from posthouse.model.outcome import Delivered
from posthouse.testing.fake_mx import FakeMx
from tests.support.carrying import parcel, relay

ATOMS = st.text("abcXYZ019!#$%&'*+/=?^_`{|}~-.\u00e9\u0131\u017f\u7528", min_size=1, max_size=20)
QUOTED = st.text('abc XYZ@<>(),:;.[]\\"\r\n\t\x00\x7f\u00e9\u2028', max_size=20).map(lambda text: f'"{text}"')
ESCAPED = st.text('abc XYZ@<>(),:;.[]\\"\u00e9', min_size=1, max_size=12).map(
    lambda text: '"' + re.sub(r'(["\\\\])', r"\\\1", text) + '"'
)
DOMAINS = st.sampled_from(["x.test", "X.Test", "b\u00fccher.test", "xn--bcher-kva.test", "a-b.example"])
NASTY = st.sampled_from(
    [
        'b"\r\nRCPT TO:<evil@x.test>',
        '"b\r\nRCPT TO:<evil@x.test>"',
        "b@x.test> SIZE=1",
        "b> <evil",
        "<b",
        "b\x00",
        '"a"b"',
        "a\\",
        '"\\',
        "=?utf-8?q?b=40x?=",
    ]
)
TEXTS = st.tuples(st.one_of(ATOMS, ESCAPED, QUOTED, NASTY), DOMAINS).map("@".join)


@given(st.lists(TEXTS, min_size=50, max_size=50))
@settings(
    max_examples=200, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.data_too_large]
)
def test_every_accepted_address_is_said_as_it_is_stored(texts: list[str]) -> None:
    talk = ClientConversation(SessionTerms(hostname="me.test", tls=TlsUse.NEVER))
    talk.receive(b"220 hi\r\n")
    assert talk.receive(b"250-mx\r\n250-PIPELINING\r\n250 SMTPUTF8\r\n") == [SessionReady()]
    for text in texts:
        mailbox = parse_path(text)
        if isinstance(mailbox, Mailbox):
            assert talk.unsupported_reason(parcel(mailbox.address)) is None
            *_, rcpt, data, end = talk.start_transaction(parcel(mailbox.address)).split(b"\r\n")
            assert (rcpt, data, end) == (b"RCPT TO:<" + mailbox.address.encode() + b">", b"DATA", b"")
            talk.receive(
                b"250 ok\r\n550 no\r\n503 no\r\n" if talk.reply_count == 2 else b"250 ok\r\n250 ok\r\n550 no\r\n503 no\r\n"
            )


@given(st.lists(TEXTS, min_size=80, max_size=80))
@settings(
    max_examples=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.large_base_example, HealthCheck.data_too_large]
)
def test_every_accepted_address_arrives_as_it_is_stored(texts: list[str]) -> None:
    accepted = [mailbox.address for mailbox in map(parse_path, texts) if isinstance(mailbox, Mailbox)]

    async def send() -> list[bytes]:
        async with FakeMx() as mx, relay(mx) as smarthost:
            attempts = await asyncio.gather(*(smarthost.send(parcel(address)) for address in accepted))
            assert all(isinstance(attempt.outcome, Delivered) for attempt in attempts)
            await smarthost.close(timedelta(seconds=1))
        return [entry.recipient for entry in mx.ledger]

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert sorted(runner.run(send())) == sorted(address.encode() for address in accepted)

"""The conversation as a table: the same events for every chunking, and nothing said that should not be."""

import itertools
from datetime import UTC, datetime
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.smtp.client import ClientConversation, dot_stuffed
from posthouse.mail.smtp.handshake import (
    Action,
    GoAhead,
    SecureClient,
    SendCommand,
    SessionEnded,
    SessionReady,
    SessionTerms,
    TlsUse,
    TransactionReply,
)
from posthouse.model.content import Parcel
from posthouse.model.outcome import AttemptStage, Reason

EHLO: Final = b"250-mx.test\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-SMTPUTF8\r\n250 STARTTLS\r\n"
PLAIN: Final = SessionTerms(hostname="me.test", tls=TlsUse.NEVER)


class Open:
    def open(self) -> bool:
        return True


def parcel(recipient: str = "a@x.test", data: bytes = b"Subject: x\r\n\r\nhello\r\n", **more: bool) -> Parcel:
    now = datetime.now(UTC)
    return Parcel(
        return_path="b+t@bounce.test",
        recipient=recipient,
        domain="x.test",
        data=data,
        expires_at=now,
        gate=Open(),
        smtputf8=more.get("smtputf8", False),
    )


def opened(ehlo: bytes = EHLO, terms: SessionTerms = PLAIN) -> ClientConversation:
    talk = ClientConversation(terms)
    talk.receive(b"220 hi\r\n")
    assert talk.receive(ehlo) == [SessionReady()]
    return talk


def said(actions: list[Action]) -> bytes:
    return b"".join(action.data for action in actions if isinstance(action, SendCommand))


# --- opening ---


def test_a_session_opens_with_ehlo_and_is_ready() -> None:
    talk = ClientConversation(PLAIN)
    assert said(talk.receive(b"220 hi\r\n")) == b"EHLO me.test\r\n"
    assert talk.receive(EHLO) == [SessionReady()]
    assert talk.pipelining


def test_an_old_server_is_greeted_with_helo() -> None:
    talk = ClientConversation(PLAIN)
    talk.receive(b"220 hi\r\n")
    assert said(talk.receive(b"502 what?\r\n")) == b"HELO me.test\r\n"
    assert talk.receive(b"250 hello\r\n") == [SessionReady()]
    assert not talk.pipelining


@pytest.mark.parametrize("greeting", [b"554 no\r\n", b"421 busy\r\n", b"450 later\r\n", b"354 what\r\n"])
def test_a_greeting_that_is_no_welcome_ends_the_session_with_its_reply(greeting: bytes) -> None:
    (ended,) = ClientConversation(PLAIN).receive(greeting)
    assert isinstance(ended, SessionEnded)
    assert ended.reply is not None
    assert ended.stage is AttemptStage.GREETING


@pytest.mark.parametrize("junk", [b"HTTP/1.1 400 Bad\r\n", b"\x16\x03\x01\r\n", b"hello\r\n", b"x" * 5000])
def test_junk_ends_the_session_as_a_protocol_error(junk: bytes) -> None:
    (ended,) = ClientConversation(PLAIN).receive(junk)
    assert isinstance(ended, SessionEnded)
    assert (ended.reply, ended.reason) == (None, Reason.PROTOCOL_ERROR)


def test_starttls_comes_before_anything_else_and_what_was_offered_before_it_is_forgotten() -> None:
    talk = ClientConversation(SessionTerms(hostname="me.test"))
    talk.receive(b"220 hi\r\n")
    assert said(talk.receive(EHLO)) == b"STARTTLS\r\n"
    assert talk.receive(b"220 go\r\n") == [SecureClient()]
    assert said(talk.finish_handshake()) == b"EHLO me.test\r\n"
    assert talk.receive(b"250 mx.test\r\n") == [SessionReady()]
    assert not talk.pipelining


@pytest.mark.parametrize("tail", [b"250 fake\r\n", b"250 fa", b"\r\n", b"x"])
def test_a_byte_behind_the_answer_to_starttls_ends_the_session(tail: bytes) -> None:
    talk = ClientConversation(SessionTerms(hostname="me.test"))
    talk.receive(b"220 hi\r\n")
    talk.receive(EHLO)
    actions = talk.receive(b"220 go\r\n" + tail)
    assert [type(action) for action in actions] == [SessionEnded]
    assert talk.receive(b"250 more\r\n") == []


@pytest.mark.parametrize("answer", [b"250 mx.test\r\n", EHLO])
def test_without_tls_a_session_that_requires_it_never_comes_to_mail(answer: bytes) -> None:
    talk = ClientConversation(SessionTerms(hostname="me.test", tls=TlsUse.REQUIRED, username="u", password="p"))
    talk.receive(b"220 hi\r\n")
    actions = talk.receive(answer)
    if answer == EHLO:
        actions = talk.receive(b"454 4.7.0 not now\r\n")
    (ended,) = actions
    assert isinstance(ended, SessionEnded)
    assert ended.stage is AttemptStage.TLS


def test_an_opportunistic_session_goes_on_where_starttls_is_refused() -> None:
    talk = ClientConversation(SessionTerms(hostname="me.test"))
    talk.receive(b"220 hi\r\n")
    talk.receive(EHLO)
    assert talk.receive(b"454 4.7.0 not now\r\n") == [SessionReady()]


@pytest.mark.parametrize(
    ("offer", "exchange"),
    [
        (b"AUTH LOGIN PLAIN", [(b"AUTH PLAIN AHVzZXIAcMOkc3M=\r\n", b"235 ok\r\n")]),
        (
            b"AUTH LOGIN",
            [
                (b"AUTH LOGIN\r\n", b"334 VXNlcm5hbWU6\r\n"),
                (b"dXNlcg==\r\n", b"334 UGFzc3dvcmQ6\r\n"),
                (b"cMOkc3M=\r\n", b"235 ok\r\n"),
            ],
        ),
        (b"AUTH=PLAIN", [(b"AUTH PLAIN AHVzZXIAcMOkc3M=\r\n", b"235 ok\r\n")]),
    ],
)
def test_we_log_in_with_what_is_offered(offer: bytes, exchange: list[tuple[bytes, bytes]]) -> None:
    talk = ClientConversation(SessionTerms(hostname="me.test", tls=TlsUse.NEVER, username="user", password="päss"))
    talk.receive(b"220 hi\r\n")
    actions = talk.receive(b"250-mx\r\n250 " + offer + b"\r\n")
    for ours, theirs in exchange:
        assert said(actions) == ours
        actions = talk.receive(theirs)
    assert actions == [SessionReady()]


@pytest.mark.parametrize("offer", [b"AUTH CRAM-MD5", b"PIPELINING"])
def test_a_relay_that_offers_no_login_we_know_is_not_used_without_one(offer: bytes) -> None:
    talk = ClientConversation(SessionTerms(hostname="me.test", tls=TlsUse.NEVER, username="user", password="p"))
    talk.receive(b"220 hi\r\n")
    (ended,) = talk.receive(b"250-mx\r\n250 " + offer + b"\r\n")
    assert isinstance(ended, SessionEnded)
    assert ended.reason is Reason.AUTH_FAILED


@pytest.mark.parametrize("name", ["me.test\r\nMAIL FROM:<x@y>", "", "a b", "mé.test"])
def test_a_hostname_that_cannot_be_said_is_refused(name: str) -> None:
    with pytest.raises(ValueError):
        ClientConversation(SessionTerms(hostname=name))


# --- transactions ---


def test_with_pipelining_the_next_envelope_leaves_with_the_body() -> None:
    talk = opened()
    envelope = b"MAIL FROM:<b+t@bounce.test> SIZE=21\r\nRCPT TO:<a@x.test>\r\nDATA\r\n"
    assert talk.start_transaction(parcel()) == envelope
    assert talk.receive(b"250 ok\r\n250 ok\r\n354 go\r\n") == [GoAhead()]
    written = b"".join(talk.body(parcel("b@x.test")))
    assert written == b"Subject: x\r\n\r\nhello\r\n.\r\n" + envelope.replace(b"a@x", b"b@x")
    first, second = talk.receive(b"250 queued\r\n250 ok\r\n250 ok\r\n354 go\r\n")
    assert isinstance(first, TransactionReply)
    assert (first.stage, first.reply.code) == (AttemptStage.DOT, 250)
    assert second == GoAhead()


def test_without_pipelining_each_command_waits_for_its_answer() -> None:
    talk = opened(b"250 mx.test\r\n")
    assert talk.start_transaction(parcel()) == b"MAIL FROM:<b+t@bounce.test>\r\n"
    assert said(talk.receive(b"250 ok\r\n")) == b"RCPT TO:<a@x.test>\r\n"
    assert said(talk.receive(b"250 ok\r\n")) == b"DATA\r\n"
    assert talk.receive(b"354 go\r\n") == [GoAhead()]
    assert b"".join(talk.body()).endswith(b"hello\r\n.\r\n")
    (answered,) = talk.receive(b"250 queued\r\n")
    assert isinstance(answered, TransactionReply)


@pytest.mark.parametrize("ehlo", [EHLO, b"250 mx.test\r\n"])
def test_after_a_refusal_the_peer_is_reset_before_the_next(ehlo: bytes) -> None:
    talk = opened(ehlo)
    talk.start_transaction(parcel())
    answers = b"250 ok\r\n550 5.1.1 no\r\n" + (b"554 5.5.1 no valid recipients\r\n" if talk.pipelining else b"")
    answered = [
        action for line in answers.splitlines(keepends=True) for action in talk.receive(line) if type(action) is TransactionReply
    ]
    assert [(action.stage, action.reply.code) for action in answered] == [(AttemptStage.RCPT, 550)]
    following = talk.start_transaction(parcel("b@x.test"))
    if not talk.pipelining:
        assert following == b"RSET\r\n"
        following += said(talk.receive(b"250 ok\r\n"))
    assert following.startswith(b"RSET\r\nMAIL FROM:<b+t@bounce.test>")


def test_a_refused_recipient_gets_no_body_even_where_data_is_taken() -> None:
    talk = opened()
    talk.start_transaction(parcel())
    assert said(talk.receive(b"250 ok\r\n550 no\r\n354 go\r\n")) == b".\r\n"
    (answered,) = talk.receive(b"554 no valid recipients\r\n")
    assert isinstance(answered, TransactionReply)
    assert answered.stage is AttemptStage.RCPT
    assert talk.start_transaction(parcel()).startswith(b"MAIL")


@pytest.mark.parametrize(
    "answers",
    [
        b"451 no\r\n250 ok\r\n354 go\r\n",
        b"250 ok\r\n250 ok\r\n250 ok\r\n",
        b"354 go\r\n",
        b"250 ok\r\n354 go\r\n",
        b"250 ok\r\n250 ok\r\n354 go\r\n250 too much\r\n",
        b"250 ok\r\n250 ok\r\n354 go\r\n2",
    ],
)
def test_a_peer_that_is_out_of_step_never_gets_the_body(answers: bytes) -> None:
    talk = opened()
    talk.start_transaction(parcel())
    actions = talk.receive(answers)
    assert GoAhead() not in actions
    assert isinstance(actions[-1], SessionEnded)


def test_421_ends_the_session_at_once_whatever_was_asked() -> None:
    talk = opened()
    talk.start_transaction(parcel())
    (ended,) = talk.receive(b"250 ok\r\n421 closing\r\n")
    assert isinstance(ended, SessionEnded)
    assert ended.reply is not None
    assert ended.stage is AttemptStage.RCPT


def test_an_answer_to_the_dot_counts_even_where_the_peer_then_talks_on() -> None:
    talk = opened()
    talk.start_transaction(parcel())
    talk.receive(b"250 ok\r\n250 ok\r\n354 go\r\n")
    talk.body()
    answered, ended = talk.receive(b"250 queued\r\n421 and goodbye\r\n")
    assert isinstance(answered, TransactionReply)
    assert isinstance(ended, SessionEnded)


def test_what_a_peer_cannot_take_is_known_before_asking() -> None:
    talk, simple = opened(), opened(b"250-mx.test\r\n250 SIZE 0\r\n")
    assert talk.unsupported_reason(parcel()) is None
    assert talk.unsupported_reason(parcel(data=b"x" * 1001)) is Reason.TOO_LARGE
    assert simple.unsupported_reason(parcel(data=b"x" * 1001)) is None
    assert talk.unsupported_reason(parcel("pelé@x.test")) is None
    assert b" SMTPUTF8\r\n" in talk.start_transaction(parcel("pelé@x.test"))
    assert simple.unsupported_reason(parcel("pelé@x.test")) is Reason.ADDRESS_NOT_SUPPORTED
    assert simple.unsupported_reason(parcel(smtputf8=True)) is Reason.ADDRESS_NOT_SUPPORTED


@pytest.mark.parametrize(
    "path",
    [
        'b"\r\nRCPT TO:<evil@x.test>"@x.test',
        '"b\r\nRCPT TO:<evil@x.test>"@x.test',
        "b@x.test SIZE=1",
        "b@x.test>",
        "a@b@c",
        "a\x00@x.test",
        "",
        "a",
        "@x.test",
        "a@x.test\n",
        '"a"b"@x.test',
        "a\ud800@x.test",
        "a\x85@x.test",
    ],
)
def test_a_path_that_would_be_another_command_never_reaches_the_wire(path: str) -> None:
    assert opened().unsupported_reason(parcel(path)) is Reason.ADDRESS_NOT_SUPPORTED


@pytest.mark.parametrize(
    "path", ['"a b"@x.test', '"a>b"@x.test', '"a\\"b"@x.test', "a+b=c@x.test", "a@[192.0.2.1]", "用户@例え.test"]
)
def test_an_odd_path_reaches_the_wire_byte_for_byte(path: str) -> None:
    talk = opened()
    assert talk.unsupported_reason(parcel(path)) is None
    assert b"RCPT TO:<" + path.encode() + b">\r\n" in talk.start_transaction(parcel(path))


# --- any chunking, any bytes ---

FLIGHTS: Final = [
    b"220-hello\r\n220 there\r\n",
    EHLO,
    b"250 2.1.0 ok\r\n250 2.1.5 ok\r\n354 go\r\n",
    b"250 2.0.0 queued\r\n250 ok\r\n550-5.1.1 no\r\n550 5.1.1 such user\r\n503 what\r\n",
    b"250 reset\r\n250 ok\r\n250 ok\r\n354 go\r\n",
    b"451 later\r\n",
]


def story(cut: "st.DataObject | None") -> list[Action]:
    """A whole session, each flight of the peer's cut in pieces; what we do depends on what was heard only."""
    talk, events = ClientConversation(PLAIN), []
    for flight in FLIGHTS:
        cuts = [] if cut is None else sorted(cut.draw(st.lists(st.integers(0, len(flight)), max_size=5)))
        for start, end in itertools.pairwise([0, *cuts, len(flight)]):
            for action in talk.receive(flight[start:end]):
                events.append(action)
                if type(action) is SessionReady:
                    events.append(SendCommand(talk.start_transaction(parcel()), "mail"))  # type: ignore[arg-type]
                if type(action) is GoAhead:
                    following = parcel("b@x.test") if sum(type(event) is GoAhead for event in events) == 1 else None
                    events += [SendCommand(piece, "dot") for piece in talk.body(following)]  # type: ignore[arg-type]
                if type(action) is TransactionReply and action.stage is AttemptStage.RCPT:
                    events.append(SendCommand(talk.start_transaction(parcel("c@x.test")), "mail"))  # type: ignore[arg-type]
    return events


@given(st.data())
@settings(max_examples=150)
def test_every_chunking_gives_the_same_events(data: st.DataObject) -> None:
    whole = story(None)
    assert sum(type(event) is TransactionReply for event in whole) == 3
    assert story(data) == whole


@given(
    st.lists(
        st.one_of(st.binary(max_size=40), st.sampled_from([b"250 ok\r\n", b"354 go\r\n", b"421 no\r\n", b"550 x\r\n"])),
        max_size=12,
    )
)
@settings(max_examples=300)
def test_no_bytes_raise_and_after_the_end_nothing_follows(pieces: list[bytes]) -> None:
    talk = ClientConversation(SessionTerms(hostname="me.test"))
    over = False
    for piece in pieces:
        for action in talk.receive(piece):
            assert not over
            if type(action) is SessionReady:
                talk.start_transaction(parcel())
            if type(action) is GoAhead:
                talk.body()
            if type(action) is SecureClient:
                talk.finish_handshake()
            over = type(action) is SessionEnded


# --- dots ---


def unstuffed(wire: bytes) -> bytes:
    return b"".join(line.removeprefix(b".") for line in wire.splitlines(keepends=True))


@given(st.lists(st.sampled_from([b".", b"..", b"", b"a", b".a", b"a.", b"\xff", b"x" * 100]), max_size=12))
def test_stuffing_is_undone_by_the_receiver_and_leaves_no_lone_dot(lines: list[bytes]) -> None:
    data = b"".join(line + b"\r\n" for line in lines) or b"\r\n"
    wire = dot_stuffed(data)
    assert b".\r\n" not in wire.splitlines(keepends=True)
    assert unstuffed(wire) == data


def test_a_body_without_dots_is_not_copied_and_one_without_end_gets_one() -> None:
    data = b"a\r\nb\r\n"
    assert dot_stuffed(data) is data
    assert dot_stuffed(b"a") == b"a\r\n"

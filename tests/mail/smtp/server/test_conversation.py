"""What the submission server says to every command at every stage, and that no cut of the bytes changes it."""

import base64
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.smtp.server.action import CloseSession, LoginResult, ReceivedMessage, SecureServer, SessionLimits, WriteReply
from posthouse.mail.smtp.server.stage import ALLOWED, NEEDS_LOGIN, ServerStage
from tests.support.smtp_talk import HELLO, LOGIN, TAKEN, Talk, codes, logged_in

MAIL = b"MAIL FROM:<a@shop.example>\r\n"
RCPT = b"RCPT TO:<b@x.example>\r\n"
TRANSACTION = MAIL + RCPT + b"DATA\r\nSubject: x\r\n\r\nhello\r\n.\r\n"
LINES = {
    b"EHLO": b"EHLO me\r\n",
    b"HELO": b"HELO me\r\n",
    b"STARTTLS": b"STARTTLS\r\n",
    b"AUTH": LOGIN,
    b"MAIL": MAIL,
    b"RCPT": RCPT,
    b"DATA": b"DATA\r\n",
    b"RSET": b"RSET\r\n",
    b"NOOP": b"NOOP\r\n",
    b"VRFY": b"VRFY someone\r\n",
    b"HELP": b"HELP\r\n",
    b"QUIT": b"QUIT\r\n",
}
WAY = {
    ServerStage.CONNECTED: b"",
    ServerStage.READY: HELLO,
    ServerStage.SENDER: HELLO + LOGIN + MAIL,
    ServerStage.RECIPIENTS: HELLO + LOGIN + MAIL + RCPT,
}


def b64(text: str) -> bytes:
    return base64.b64encode(text.encode())


@pytest.mark.parametrize("verb", LINES)
@pytest.mark.parametrize("stage", ServerStage)
def test_a_command_is_followed_exactly_where_the_table_allows_it(stage: ServerStage, verb: bytes) -> None:
    talk = Talk()
    talk.feed(WAY[stage])
    code = codes(talk.feed(LINES[verb]))[0]
    if verb in NEEDS_LOGIN and stage in {ServerStage.CONNECTED, ServerStage.READY}:
        assert code == "530"
    else:
        assert (code != "503") == (verb in ALLOWED[stage])


def test_every_command_of_the_table_is_known() -> None:
    assert set().union(*ALLOWED.values()) == set(LINES)


def test_ehlo_offers_what_is_kept_and_nothing_else() -> None:
    assert Talk().conversation.greet() == [WriteReply(b"220 mail.example ESMTP Posthouse\r\n")]
    assert Talk().feed(HELLO).splitlines() == [
        b"250-mail.example",
        b"250-PIPELINING",
        b"250-SIZE 26214400",
        b"250-8BITMIME",
        b"250-SMTPUTF8",
        b"250-ENHANCEDSTATUSCODES",
        b"250-STARTTLS",
        b"250 AUTH PLAIN LOGIN",
    ]


@pytest.mark.parametrize(("tls", "loopback", "offered"), [(True, False, True), (False, True, True), (False, False, False)])
def test_a_login_is_offered_only_where_nobody_can_listen(tls: bool, loopback: bool, offered: bool) -> None:
    talk = Talk(tls=tls, loopback=loopback)
    assert (b"AUTH PLAIN LOGIN" in talk.feed(HELLO)) == offered
    assert codes(talk.feed(LOGIN)) == ["235" if offered else "538"]


def test_starttls_is_not_offered_without_a_certificate_nor_twice() -> None:
    bare, secure = Talk(starttls=False), Talk(tls=True)
    assert b"STARTTLS" not in bare.feed(HELLO)
    assert codes(bare.feed(b"STARTTLS\r\n")) == ["502"]
    assert b"STARTTLS" not in secure.feed(HELLO)
    assert codes(secure.feed(b"STARTTLS\r\n")) == ["503"]


def test_tls_forgets_the_login_and_the_hello() -> None:
    talk = logged_in()
    assert codes(talk.feed(b"STARTTLS\r\n")) == ["220"]
    assert talk.actions[-1] == SecureServer()
    talk.conversation.finish_handshake()
    assert codes(talk.feed(b"MAIL FROM:<a@x.example>\r\n")) == ["530"]
    assert codes(talk.feed(b"AUTH PLAIN AHVzZXIAcGFzcw==\r\n")) == ["503"]
    assert b"STARTTLS" not in talk.feed(HELLO)


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        ([b"AUTH PLAIN " + b64("\0user\0pass")], ["235"]),
        ([b"auth plain " + b64("user\0user\0pass")], ["235"]),
        ([b"AUTH PLAIN", b64("\0user\0pass")], ["334", "235"]),
        ([b"AUTH LOGIN", b64("user"), b64("pass")], ["334", "334", "235"]),
        ([b"AUTH LOGIN " + b64("user"), b64("pass")], ["334", "235"]),
        ([b"AUTH PLAIN " + b64("\0user\0wrong")], ["535"]),
        ([b"AUTH PLAIN " + b64("other\0user\0pass")], ["501"]),
        ([b"AUTH PLAIN " + b64("user\0pass")], ["501"]),
        ([b"AUTH PLAIN ="], ["501"]),
        ([b"AUTH LOGIN =", b64("pass")], ["334", "535"]),
        ([b"AUTH PLAIN !!!!"], ["501"]),
        ([b"AUTH PLAIN /w=="], ["501"]),
        ([b"AUTH LOGIN", b"*"], ["334", "501"]),
        ([b"AUTH LOGIN", b64("user"), b"*"], ["334", "334", "501"]),
        ([b"AUTH CRAM-MD5"], ["504"]),
        ([b"AUTH"], ["504"]),
        ([b"AUTH PLAIN " + b64("\0user\0pass"), b"AUTH PLAIN " + b64("\0user\0pass")], ["235", "503"]),
    ],
)
def test_every_form_of_a_login_is_understood_or_refused(lines: list[bytes], wanted: list[str]) -> None:
    talk = Talk()
    talk.feed(HELLO)
    assert [codes(talk.feed(line + b"\r\n"))[0] for line in lines] == wanted
    assert codes(talk.feed(b"NOOP\r\n")) == ["250"]


def test_the_third_wrong_login_ends_the_session() -> None:
    talk = Talk()
    wrong = b"AUTH PLAIN " + b64("\0user\0wrong") + b"\r\n"
    assert codes(talk.feed(HELLO + wrong + wrong + wrong + LOGIN)) == ["250", "535", "535", "535", "421"]
    assert talk.actions[-1] == CloseSession()


def test_a_login_that_nobody_can_judge_is_put_off() -> None:
    talk = Talk()
    talk.conversation.receive(HELLO + LOGIN)
    assert talk.conversation.finish_login(LoginResult.UNKNOWN) == [
        WriteReply(b"451 4.3.0 Temporarily unavailable, try again later\r\n")
    ]
    assert codes(talk.feed(LOGIN)) == ["235"]


def test_a_message_is_handed_over_with_its_envelope() -> None:
    talk = logged_in()
    talk.feed(b"MAIL FROM:<a@shop.example> SIZE=100 BODY=8BITMIME SMTPUTF8\r\n" + RCPT + b"RCPT TO:<c@x.example>\r\nDATA\r\n")
    assert talk.feed(b"Subject: x\r\n\r\n..dots\r\n...\r\n.x\r\n.\r\n") == TAKEN
    [message] = talk.messages
    assert message.data == b"Subject: x\r\n\r\n.dots\r\n..\r\nx\r\n"
    assert message.envelope.return_path == "a@shop.example"
    assert [recipient.address for recipient in message.envelope.recipients] == ["b@x.example", "c@x.example"]
    assert message.envelope.smtputf8


def test_a_recipient_named_twice_is_one_recipient() -> None:
    talk = logged_in()
    assert codes(talk.feed(MAIL + RCPT + RCPT + b"DATA\r\n.\r\n"))[:4] == ["250", "250", "250", "354"]
    assert len(talk.messages[0].envelope.recipients) == 1


def test_an_empty_message_ends_at_its_first_line() -> None:
    talk = logged_in()
    talk.feed(MAIL + RCPT + b"DATA\r\n.\r\nNOOP\r\n")
    assert [message.data for message in talk.messages] == [b""]


def test_what_is_pipelined_behind_a_message_waits_for_its_answer() -> None:
    talk = logged_in()
    actions = talk.conversation.receive(TRANSACTION + b"NOOP\r\nQUIT\r\n")
    assert isinstance(actions[-1], ReceivedMessage)
    assert talk.conversation.waiting
    assert talk.conversation.receive(b"") == []
    assert talk.conversation.finish_message(TAKEN) == [
        WriteReply(TAKEN),
        WriteReply(b"250 2.0.0 Ok\r\n"),
        WriteReply(b"221 2.0.0 Bye\r\n"),
        CloseSession(),
    ]


def test_several_transactions_share_a_session_and_none_inherits_anything() -> None:
    talk = logged_in()
    assert codes(talk.feed(TRANSACTION + TRANSACTION)) == ["250", "250", "354", "250"] * 2
    assert codes(talk.feed(RCPT)) == ["503"]
    assert codes(talk.feed(MAIL + b"RSET\r\n" + RCPT)) == ["250", "250", "503"]
    assert codes(talk.feed(MAIL + HELLO + RCPT)) == ["250", "250", "503"]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (b"MAIL FROM:<>", "250 2.1.0"),
        (b"mail from: <a@x.example>", "250 2.1.0"),
        (b"MAIL FROM:<a@x.example> AUTH=<> BODY=7bit", "250 2.1.0"),
        (b"MAIL FROM:a@x.example", "501 5.5.4"),
        (b"MAIL FROM:<a@x.example", "501 5.5.4"),
        (b"MAIL FROM:<a@x.example>SIZE=1", "501 5.5.4"),
        (b"MAIL TO:<a@x.example>", "501 5.5.4"),
        (b"MAIL FROM:<a b@x.example>", "501 5.1.7"),
        (b"MAIL FROM:<@hop.example:a@x.example>", "501 5.1.7"),
        (b"MAIL FROM:<a@x.example> SIZE=26214401", "552 5.3.4"),
        (b"MAIL FROM:<a@x.example> SIZE=" + b"9" * 30, "552 5.3.4"),
        (b"MAIL FROM:<a@x.example> SIZE=many", "555 5.5.4"),
        (b"MAIL FROM:<a@x.example> BODY=BINARYMIME", "555 5.5.4"),
        (b"MAIL FROM:<a@x.example> RET=HDRS", "555 5.5.4"),
        (b"MAIL FROM:<\xc3\xa9@x.example>", "553 5.6.7"),
        (b"MAIL FROM:<\xc3\xa9@x.example> SMTPUTF8", "250 2.1.0"),
        (b"MAIL FROM:<\xff@x.example> SMTPUTF8", "501 5.5.2"),
        (b"MAILFROM:<a@x.example>", "500 5.5.1"),
        (b"EHLO", "501 5.5.4"),
        (b"DATA now", "503 5.5.1"),
        (b"EXPN list", "500 5.5.1"),
        (b"", "500 5.5.1"),
        (b"BDAT 10 LAST", "502 5.5.1"),
        (b"GET / HTTP/1.1", "502 5.5.1"),
        (b"VRFY a@x.example", "252 2.1.5"),
    ],
)
def test_a_line_has_its_reply(line: bytes, wanted: str) -> None:
    assert logged_in().feed(line + b"\r\n").decode().startswith(wanted)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (b'RCPT TO:<"a>b"@x.example>', "250 2.1.5"),
        (b"RCPT TO:<a@x.example> NOTIFY=NEVER", "555 5.5.4"),
        (b"RCPT TO:<>", "501 5.1.3"),
        (b"RCPT TO:<postmaster>", "501 5.1.3"),
        (b"RCPT TO:<a@x.example>,<b@x.example>", "501 5.5.4"),
        (b"RCPT TO:<a@[127.0.0.1]>", "501 5.1.3"),
        (b"RCPT TO:<\xc3\xa9@x.example>", "553 5.6.7"),
        (b"DATA", "503 5.5.1"),
    ],
)
def test_a_recipient_has_its_reply(line: bytes, wanted: str) -> None:
    talk = logged_in()
    assert talk.feed(MAIL + line + b"\r\n").split(b"\r\n", 1)[1].decode().startswith(wanted)


def test_the_fifty_first_recipient_is_put_off_and_the_others_stay() -> None:
    talk = logged_in()
    many = b"".join(b"RCPT TO:<r%d@x.example>\r\n" % number for number in range(51))
    assert codes(talk.feed(MAIL + many)) == ["250"] * 51 + ["452"]
    talk.feed(b"DATA\r\n.\r\n")
    assert len(talk.messages[0].envelope.recipients) == 50


def test_twenty_bad_commands_end_the_session() -> None:
    talk = logged_in()
    assert codes(talk.feed(b"WHAT\r\n" * 30)) == ["500"] * 20 + ["421"]
    assert talk.conversation.receive(b"NOOP\r\n") == []


def test_a_message_pays_for_earlier_mistakes() -> None:
    talk = logged_in()
    assert codes(talk.feed(b"WHAT\r\n" * 19 + TRANSACTION + b"WHAT\r\n"))[-1] == "500"


def test_a_session_takes_so_many_messages_and_then_wants_a_new_one() -> None:
    talk = logged_in(SessionLimits(messages=2))
    assert codes(talk.feed(TRANSACTION + TRANSACTION + MAIL))[-1] == "421"
    assert len(talk.messages) == 2


def test_a_command_line_may_have_2048_octets_and_a_login_12288() -> None:
    talk = Talk()
    talk.feed(HELLO)
    assert codes(talk.feed(b"NOOP ".ljust(2046, b"x") + b"\r\n")) == ["250"]
    assert talk.feed(b"NOOP ".ljust(2047, b"x") + b"\r\n").startswith(b"500 5.5.2")
    assert codes(talk.feed(b"AUTH LOGIN ".ljust(12_286, b"x") + b"\r\n")) == ["501"]
    assert talk.feed(b"AUTH LOGIN ".ljust(12_287, b"x") + b"\r\n").startswith(b"500 5.5.2")
    assert codes(talk.feed(LOGIN)) == ["235"]


def test_stopping_lets_the_message_that_has_begun_be_answered() -> None:
    idle, busy = logged_in(), logged_in()
    assert idle.conversation.stop()[-1] == CloseSession()
    busy.feed(MAIL)
    assert busy.conversation.stop() == []
    assert codes(busy.feed(RCPT + b"DATA\r\n.\r\n" + TRANSACTION)) == ["250", "354", "250", "421"]


def test_stopping_waits_for_a_login_and_for_nothing_after_it() -> None:
    talk = Talk()
    talk.conversation.receive(HELLO + LOGIN)
    assert talk.conversation.stop() == []
    assert [type(action) for action in talk.conversation.finish_login(LoginResult.GRANTED)] == [
        WriteReply,
        WriteReply,
        CloseSession,
    ]


PIECES = [
    HELLO, LOGIN, MAIL, RCPT, b"DATA\r\n", b"AUTH LOGIN\r\n", b"dXNlcg==\r\n", b"RSET\r\n", b"NOOP\r\n", b"QUIT\r\n", b"STARTTLS\r\n",
    b"\r\n.\r\n", b".\r\n", b"..\r\n", b"\r\n", b"\r", b"\n", b".", b"\0", b"x" * 60, b"\xff", b"text\r\n", b"a" * 130 + b"\r\n",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=30), st.lists(st.integers(0, 600), max_size=12), st.booleans())
def test_every_cut_of_the_same_bytes_gives_the_same_actions(pieces: list[bytes], cuts: list[int], begun: bool) -> None:
    data = (HELLO + LOGIN + MAIL + RCPT + b"DATA\r\n" if begun else b"") + b"".join(pieces)
    limits = SessionLimits(command_line=64, auth_line=80, message=100, bad_commands=6, messages=3)
    whole, single, cut = Talk(limits), Talk(limits), Talk(limits)
    whole.feed(data)
    single.feed(*(bytes([octet]) for octet in data))
    edges = [0, *sorted(edge for edge in cuts if edge < len(data)), len(data)]
    cut.feed(*(data[start:end] for start, end in pairwise(edges)))
    assert single.actions == whole.actions
    assert cut.actions == whole.actions

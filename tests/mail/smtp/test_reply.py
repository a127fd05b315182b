"""The reply parser: what is SMTP is understood, what is not is one fault, in any chunking."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.smtp.reply import MAX_LINE, MAX_LINES, MAX_TEXT, Reply, ReplyReader, UnreadableReply, queue_id


def heard(*pieces: bytes) -> list[Reply | UnreadableReply]:
    reader = ReplyReader()
    return list(itertools.chain.from_iterable(reader.feed(piece) for piece in pieces))


def only(data: bytes) -> Reply | UnreadableReply:
    (found,) = heard(data)
    return found


@pytest.mark.parametrize(
    ("line", "code", "enhanced", "text"),
    [
        (b"250 2.1.0 Ok\r\n", 250, "2.1.0", "2.1.0 Ok"),
        (b"250\r\n", 250, None, ""),
        (b"250 \r\n", 250, None, ""),
        (b"354 go\n", 354, None, "go"),
        (b"550 #5.1.0 Address rejected.\r\n", 550, "5.1.0", "#5.1.0 Address rejected."),
        (b"550 [5.7.1] no\r\n", 550, "5.7.1", "[5.7.1] no"),
        (b"550 5.1.1: gone\r\n", 550, "5.1.1", "5.1.1: gone"),
        (b"550 1.2.3 no such class\r\n", 550, None, "1.2.3 no such class"),
        (b"550 5.1.1.1 an address, not a code\r\n", 550, None, "5.1.1.1 an address, not a code"),
        (b"999 what\r\n", 999, None, "what"),
        (b"250 \xc3\xa9\xff\x00\x1b[31m\xe2\x80\xa8end\r\n", 250, None, "é�  [31m end"),
    ],
)
def test_a_line_is_code_enhanced_code_and_printable_text(line: bytes, code: int, enhanced: str | None, text: str) -> None:
    reply = only(line)
    assert isinstance(reply, Reply)
    assert (reply.code, reply.enhanced, reply.text) == (code, enhanced, text)


def test_a_multi_line_reply_is_one_reply() -> None:
    reply = only(b"550-5.1.1 The account\r\n550-5.1.1 does not exist\r\n550 5.1.1 see help\r\n")
    assert isinstance(reply, Reply)
    assert (reply.code, reply.enhanced, len(reply.lines)) == (550, "5.1.1", 3)
    assert reply.text == "5.1.1 The account 5.1.1 does not exist 5.1.1 see help"


@pytest.mark.parametrize(
    "junk",
    [
        b"well hello there\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"\r\n",
        b"25\r\n",
        b"250Ok\r\n",
        b"2\xb250 ok\r\n",
        b"250-one\r\n550 two\r\n",
        b"250 " + b"x" * 100_000 + b"\r\n",
        b"y" * MAX_LINE,
        b"550-more\r\n" * 500 + b"550 done\r\n",
    ],
)
def test_what_is_no_reply_is_one_fault_and_then_silence(junk: bytes) -> None:
    assert isinstance(only(junk + b"250 and on\r\n"), UnreadableReply)


def test_the_bounds_are_inclusive() -> None:
    longest = b"250 " + b"x" * (MAX_LINE - 6) + b"\r\n"
    assert isinstance(only(longest), Reply)
    assert isinstance(only(b"250-a\r\n" * (MAX_LINES - 1) + b"250 b\r\n"), Reply)
    assert isinstance(only(b"250-a\r\n" * MAX_LINES + b"250 b\r\n"), UnreadableReply)


def test_kept_text_is_at_most_one_kilobyte() -> None:
    reply = only(b"550-" + b"\xff" * 2000 + b"\r\n550 " + "é".encode() * 1000 + b"\r\n")
    assert isinstance(reply, Reply)
    assert len(reply.text.encode()) <= MAX_TEXT


PIECES = st.sampled_from(
    [b"250", b"250 ok\r\n", b"250-a\r\n", b"550 5.1.1 no\r\n", b"\r", b"\n", b"\r\n", b"\x00", b"\xff", b"-", b" ", b"x" * 5000]
)


@given(st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=30).map(b"".join)), st.data())
@settings(max_examples=300)
def test_every_chunking_of_any_bytes_gives_the_same_replies(data: bytes, draw: st.DataObject) -> None:
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=8)))
    pieces = [data[a:b] for a, b in itertools.pairwise([0, *cuts, len(data)])]
    whole = heard(data)
    assert heard(*pieces) == whole
    for reply in whole:
        assert reply.text.isprintable()
        assert len(reply.text.encode()) <= MAX_TEXT


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("2.0.0 Ok: queued as 4XyZ12abc", "4XyZ12abc"),
        ("OK id=1r3abc-0001-AB", "1r3abc-0001-AB"),
        ("2.0.0 OK  1700000000 d9443c01a7336-1cc2d4si234 - gsmtp", "d9443c01a7336-1cc2d4si234"),
        ("2.0.0 Ok: msg_01jd", "msg_01jd"),
        ("Ok: 1234 bytes queued", ""),
        ("ok", ""),
        ("", ""),
    ],
)
def test_the_peers_own_name_for_the_message_is_found(text: str, id: str) -> None:
    assert queue_id(text) == id

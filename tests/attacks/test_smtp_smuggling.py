"""SMTP smuggling (CVE-2023-51764, -51765, -51766, CERT VU#302671): whatever pretends to end a message ends the session."""

import pytest

from tests.support.smtp_door import MESSAGE, PLAIN, connected, open_door
from tests.support.smtp_talk import logged_in

ENVELOPE = b"MAIL FROM:<shop@shop.example>\r\nRCPT TO:<ann@x.example>\r\nDATA\r\n"
SMUGGLED = (
    b"MAIL FROM:<admin@shop.example>\r\nRCPT TO:<victim@x.example>\r\nDATA\r\nFrom: admin@shop.example\r\n\r\ninjected\r\n.\r\n"
)
# The list of The-Login/SMTP-Smuggling-Tools, smtp_smuggling_scanner.py.
SEQUENCES = [
    b"\n.\n", b"\n.\r", b"\r.\n", b"\r.\r", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r\n.\r\r\n", b"\r\r\n.\r\r\n",
    b"\r\n\0.\r\n", b"\n\n.\r\n",
]  # fmt: skip


@pytest.mark.parametrize("sequence", SEQUENCES, ids=repr)
async def test_a_false_end_smuggles_no_second_message_and_stores_no_stray_octet(sequence: bytes) -> None:
    async with open_door() as door, connected(door) as wire:
        letter = MESSAGE.removesuffix(b"\r\n") + sequence
        replies = await wire.rest(b"EHLO me\r\n" + PLAIN + ENVELOPE + letter + SMUGGLED + b"QUIT\r\n")
        assert replies.splitlines()[-1].startswith(b"550 5.5.2 ")
        assert door.requests == []


async def test_the_true_end_is_the_control_two_messages_are_two() -> None:
    async with open_door() as door, connected(door) as wire:
        await wire.rest(b"EHLO me\r\n" + PLAIN + ENVELOPE + MESSAGE + b".\r\n" + SMUGGLED + b"QUIT\r\n")
        assert [[m.address for m in (*asked.to, *asked.bcc)] for asked in door.requests] == [
            ["ann@x.example"],
            ["victim@x.example"],
        ]


@pytest.mark.parametrize("sequence", SEQUENCES, ids=repr)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_no_cut_into_packets_helps_the_smuggler(sequence: bytes, size: int) -> None:
    talk = logged_in()
    data = ENVELOPE + b"Subject: x\r\n\r\nhello" + sequence + SMUGGLED
    talk.feed(*(data[start : start + size] for start in range(0, len(data), size)))
    assert talk.messages == []
    assert talk.conversation.closed


@pytest.mark.parametrize(
    "line", [b"NOOP\n", b"NO\rOP\r\n", b"\n", b"NOOP\0\r\n", b"RCPT TO:<a@x.example\n>\r\n", b"MAIL FROM:<>\r\r\n"]
)
def test_a_command_with_a_stray_octet_ends_the_session(line: bytes) -> None:
    talk = logged_in()
    assert talk.feed(line + b"NOOP\r\n").startswith(b"550 5.5.2 ")
    assert talk.conversation.closed


@pytest.mark.parametrize(
    "address", [b"<a@x.example>\r\nRCPT TO:<evil@x.example>", b'<"a\r\nRCPT TO:<evil@x.example>"@x.example>']
)
def test_an_address_with_a_line_end_is_never_one_recipient(address: bytes) -> None:
    talk = logged_in()
    talk.feed(b"MAIL FROM:<>\r\nRCPT TO:" + address + b"\r\nDATA\r\n.\r\n")
    assert all(b"\r" not in r.address.encode() for message in talk.messages for r in message.envelope.recipients)


def test_a_server_that_offers_no_chunking_reads_no_chunk_as_commands() -> None:
    talk = logged_in()
    assert talk.feed(b"BDAT 86 LAST\r\n" + SMUGGLED).startswith(b"502 ")
    assert talk.conversation.closed


@pytest.mark.parametrize("first", [b"POST / HTTP/1.1", b"GET / HTTP/1.1", b"CONNECT x:25 HTTP/1.1", b"PUT / HTTP/1.0"])
def test_a_browser_that_was_tricked_into_speaking_is_hung_up_on(first: bytes) -> None:
    talk = logged_in()
    assert talk.feed(first + b"\r\nHost: x\r\n\r\n" + SMUGGLED).startswith(b"502 ")
    assert talk.messages == []

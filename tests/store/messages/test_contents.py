"""Content at rest: sealed with a letter or without, it is read alike, and what was stored before letters existed still opens."""

import os
from typing import Final

import msgspec
import pytest

from posthouse.model.content import Content
from posthouse.model.letter import Attachment, Letter
from posthouse.model.mailbox import Mailbox
from posthouse.store.messages.contents import open_content, open_letter, seal_content
from posthouse.store.seal import SealBroken, Sealer

SEALER: Final = Sealer(("a secret of the tests",), os.urandom)
BOUND: Final = b"m" * 16
CONTENT: Final = Content(head=b"Subject: Hi\r\n", body=b"Hi\r\n", body_digest=b"d" * 32, header_from="shop@shop.example")
LETTER: Final = Letter(
    header_from=Mailbox("shop", "shop.example", "Shop"),
    to=(Mailbox("jane", "example.com", "Jane"),),
    subject="Hi",
    text="Hi",
    attachments=(Attachment("a.png", b"\0\xff", "image/png", "cid1"),),
    headers={"X-Order": "7"},
    metadata={"order": "7"},
    type="receipt",
    stream="transactional",
)


@pytest.mark.parametrize("letter", [None, LETTER], ids=["bytes alone", "with a letter"])
def test_content_and_letter_come_back_as_they_were(letter: Letter | None) -> None:
    sealed = seal_content(SEALER, CONTENT, BOUND, letter)
    assert open_content(SEALER, sealed, SEALER.key_id, BOUND) == CONTENT
    assert open_letter(SEALER, sealed, SEALER.key_id, BOUND) == letter


def test_content_that_was_stored_before_letters_existed_opens() -> None:
    stored = {"head": CONTENT.head, "body": CONTENT.body, "body_digest": CONTENT.body_digest, "header_from": CONTENT.header_from}
    sealed = SEALER.seal(SEALER.pack(msgspec.msgpack.encode(stored)), BOUND)
    assert open_content(SEALER, sealed, SEALER.key_id, BOUND) == CONTENT
    assert open_letter(SEALER, sealed, SEALER.key_id, BOUND) is None


def test_content_without_a_letter_is_packed_as_it_always_was() -> None:
    packed = SEALER.unpack(SEALER.open(seal_content(SEALER, CONTENT, BOUND), SEALER.key_id, BOUND))
    assert packed == msgspec.msgpack.encode(CONTENT)


def test_content_opens_for_its_own_message_only() -> None:
    with pytest.raises(SealBroken):
        open_letter(SEALER, seal_content(SEALER, CONTENT, BOUND, LETTER), SEALER.key_id, b"n" * 16)

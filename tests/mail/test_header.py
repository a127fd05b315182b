"""A field is one field whatever is put in, and readers see the words that were meant."""

import email
import email.policy
from datetime import datetime, timedelta, timezone
from email.header import decode_header, make_header

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.address import parse_list
from posthouse.mail.header import (
    date_field,
    decode_words,
    encode_field,
    is_reserved,
    mailbox_field,
    name_fault,
    one_line,
    value_fault,
)
from posthouse.model.mailbox import Mailbox
from tests.support.spent import within

BREAKS = ["\n", "\r", "\r\n", "\r\n ", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\0", "\x7f", "\ud800"]
WORDS = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=200).map(str.strip)


def _unfolded(field: bytes) -> str:
    return field.decode().replace("\r\n", "")


def _assert_one_field(field: bytes, *, line: int = 998) -> None:
    lines = field.split(b"\r\n")
    assert lines[-1] == b""
    assert all(part[:1] in (b" ", b"\t") and part.strip() for part in lines[1:-1])
    assert max(map(len, lines)) <= line
    assert not {10, 13, 0, 0x0B, 0x0C} & set(field.replace(b"\r\n", b""))


@pytest.mark.parametrize("mark", BREAKS)
def test_nothing_that_breaks_a_line_gets_into_a_field(mark: str) -> None:
    value = f"a{mark}Bcc: evil@x.example"
    assert value_fault(value)
    with pytest.raises(ValueError, match="value"):
        encode_field("Subject", value)
    with pytest.raises(ValueError, match="name"):
        encode_field(f"X{mark}Bcc", "a")
    field = mailbox_field("From", (Mailbox("a", "b.example", value),))
    _assert_one_field(field)
    assert field.count(b":") == 1 or b'"' in field


@pytest.mark.parametrize("name", ["", " ", "a b", "a:", "ü", "x" * 77, "X\r\nBcc: e@x\r\nY", "a\t", "\x7f"])
def test_a_name_that_is_no_token_is_refused(name: str) -> None:
    assert name_fault(name)


def test_reserved_names_are_known_in_any_case() -> None:
    for name in (
        "From",
        "SENDER",
        "bcc",
        "Dkim-Signature",
        "ARC-Seal",
        "content-type",
        "MIME-Version",
        "X-Posthouse-Tag",
        "Feedback-ID",
    ):
        assert is_reserved(name)
    for name in ("Subject", "Message-ID", "X-Mailer", "List-Unsubscribe", "Auto-Submitted", "Reply-To"):
        assert not is_reserved(name)


@settings(max_examples=400, deadline=None)
@given(WORDS)
def test_a_subject_reads_the_same_after_the_wire(subject: str) -> None:
    field = encode_field("Subject", subject)
    _assert_one_field(field)
    assert field.isascii()
    assert decode_words(_unfolded(field).partition(":")[2].strip()) == subject
    header = email.message_from_bytes(field + b"\r\n", policy=email.policy.compat32)["Subject"]
    assert str(make_header(decode_header(header.replace("\r\n", "").replace("\n", "")))).strip() == subject


@settings(max_examples=200, deadline=None)
@given(st.text("abc \t.;<>@=?", max_size=3000).map(lambda text: text.strip(" \t")))
def test_ascii_is_folded_only_at_its_spaces(value: str) -> None:
    field = encode_field("X-Test", value)
    _assert_one_field(field)
    assert decode_words(_unfolded(field).partition(":")[2].strip(" \t")) == value.replace("\t", "\t")


@pytest.mark.parametrize("value", ["x" * 5000, "a " * 4000, "a" + " " * 3000 + "b", "ü" * 40_000, "=?utf-8?q?x?= " * 100])
def test_long_values_stay_within_lines(value: str) -> None:
    field = encode_field("Subject", value)
    _assert_one_field(field)
    assert decode_words(_unfolded(field).partition(":")[2].strip()) == value.strip()


def test_words_are_folded_at_78_where_they_allow_it() -> None:
    _assert_one_field(encode_field("Subject", "lorem ipsum dolor " * 30), line=78)
    _assert_one_field(encode_field("Subject", "größe " * 50), line=76)
    _assert_one_field(encode_field("X" * 76, "größe " * 50), line=77)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(WORDS.map(lambda text: text[:100]), st.sampled_from(["a", '"a b"']), st.just("b.example")),
        min_size=1,
        max_size=6,
    )
)
def test_mailboxes_read_the_same_after_the_wire(triples: list[tuple[str, str, str]]) -> None:
    mailboxes = tuple(Mailbox(local, domain, name) for name, local, domain in triples)
    field = mailbox_field("To", mailboxes)
    _assert_one_field(field)
    assert field.isascii()
    assert parse_list(_unfolded(field).partition(":")[2]) == mailboxes
    heard = email.message_from_bytes(field + b"\r\n", policy=email.policy.default)["To"].addresses
    assert [each.addr_spec for each in heard] == [mailbox.address for mailbox in mailboxes]


def test_a_url_that_only_begins_like_an_encoded_word_stays_readable() -> None:
    url = b"<https://x.example/u?token=abc=?&next=?>"
    assert encode_field("List-Unsubscribe", url.decode()) == b"List-Unsubscribe: " + url + b"\r\n"


def test_names_are_quoted_or_encoded_only_where_they_must_be() -> None:
    def written(name: str) -> bytes:
        return mailbox_field("From", (Mailbox("a", "b.example", name),))

    assert written("") == b"From: a@b.example\r\n"
    assert written("Shop") == b"From: Shop <a@b.example>\r\n"
    assert written('Dr. "W", Who') == b'From: "Dr. \\"W\\", Who" <a@b.example>\r\n'
    assert written("Jürgen") == b"From: =?utf-8?b?SsO8cmdlbg==?= <a@b.example>\r\n"
    assert written("=?utf-8?q?x?=").startswith(b"From: =?utf-8?b?")


def test_an_address_without_ascii_form_stands_raw() -> None:
    assert mailbox_field("To", (Mailbox("ü", "b.example"),)) == "To: ü@b.example\r\n".encode()


def test_a_date_is_in_utc_and_in_english() -> None:
    moment = datetime(2026, 2, 1, 1, 2, 3, tzinfo=timezone(timedelta(hours=2)))
    assert date_field(moment) == b"Date: Sat, 31 Jan 2026 23:02:03 +0000\r\n"
    assert email.message_from_bytes(date_field(moment) + b"\r\n", policy=email.policy.default)["Date"].datetime == moment


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?R3LDvMOfZQ==?=", "Grüße"),
        ("=?iso-8859-1*de?Q?Gr=FC=DFe_x?= y", "Grüße x y"),
        ("=?utf-8?b?R3LD?= =?utf-8?b?vMOfZQ==?=", "Grüße"),
        ("a =?utf-8?q?b?=\t=?utf-8?q?c?= d", "a bc d"),
        ("=?utf-8?q?a?= x =?utf-8?q?b?=", "a x b"),
        ("=?utf-7?q?+AAo-?=", "+AAo-"),
        ("=?punycode?q?a-b?=", "a-b"),
        ("=?utf-8?b?!?=", ""),
        ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
        ("=?utf-8?q?a=0D=0ABcc:_x?=", "a  Bcc: x"),
        ("=?iso-2022-jp?b?GyRCRnxLXBsoQg==?=", "日本"),
    ],
)
def test_encoded_words_are_decoded_on_one_line(value: str, words: str) -> None:
    assert decode_words(value) == words


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.text("=?utf-8qbQB_ ABC\r\n\0")))
def test_decoding_never_raises_and_never_breaks_a_line(value: str) -> None:
    assert value_fault(decode_words(value)) is None
    assert value_fault(one_line(value)) is None


@pytest.mark.parametrize(
    "hostile",
    [
        "=?utf-8?q?=41?= " * 20_000,
        "=?" * 160_000,
        "=?a?b?" * 50_000,
        "=?utf-8?b?" + "A" * 300_000,
        "=?iso-2022-jp?q?x?=" * 16_000,
    ],
)
def test_hostile_words_are_decoded_in_linear_time(hostile: str) -> None:
    with within(0.5):
        decode_words(hostile)

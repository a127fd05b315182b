"""The walker: the tree that the standard library sees, within caps, in linear time."""

import contextlib
import email
import email.policy

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.mime.entity import DEPTH, PARTS, Entity, MalformedMessage, leaves, parse, role
from tests.support.spent import within


def multipart(boundary: str, *parts: bytes, kind: str = "mixed", closed: bool = True) -> bytes:
    line = b"\r\n--" + boundary.encode()
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n'.encode()
    return head + b"".join(line + b"\r\n" + part for part in parts) + (line + b"--\r\n" if closed else b"")


def text(words: bytes, kind: str = "plain") -> bytes:
    return f"Content-Type: text/{kind}\r\n\r\n".encode() + words


def nested(depth: int, innermost: bytes) -> bytes:
    for level in range(depth):
        innermost = multipart(f"b{level}", innermost)
    return innermost


def shape(entity: Entity) -> list[tuple[str, bytes]]:
    return [(leaf.media, leaf.body) for leaf in leaves(entity)]


def test_a_message_without_mime_is_one_text() -> None:
    assert shape(parse(b"From: a@b\r\n\r\nhello\r\n")) == [("text/plain", b"hello\r\n")]
    assert shape(parse(b"From: a@b\r\n")) == [("text/plain", b"")]
    assert shape(parse(b"\r\nhello")) == [("text/plain", b"hello")]
    assert parse(b"").fields == []


def test_parts_stand_between_their_delimiters() -> None:
    data = multipart(
        "b", text(b"one"), multipart("bb", text(b"two", "html"), text(b"--b3\r\n--bbb"), kind="related"), b"\r\nthree"
    )
    assert shape(parse(data)) == [
        ("text/plain", b"one"),
        ("text/html", b"two"),
        ("text/plain", b"--b3\r\n--bbb"),
        ("text/plain", b"three"),
    ]


def test_preamble_epilogue_and_trailing_space_are_no_parts() -> None:
    data = (
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\npreamble\r\n--b \t\r\n\r\none\r\n--b-- \r\nepilogue\r\n--b\r\n"
        b"\r\nno part\r\n"
    )
    assert shape(parse(data)) == [("text/plain", b"one")]


def test_a_missing_last_boundary_ends_with_the_enclosing_part() -> None:
    data = multipart("a", multipart("b", text(b"one"), closed=False), text(b"two"))
    assert [body.rstrip() for _, body in shape(parse(data))] == [b"one", b"two"]


def test_parts_of_a_digest_are_messages_and_messages_are_leaves() -> None:
    assert shape(parse(multipart("b", b"\r\nFrom: a@b\r\n\r\nx", kind="digest"))) == [("message/rfc822", b"From: a@b\r\n\r\nx")]
    assert len(list(leaves(parse(b"Content-Type: message/rfc822\r\n\r\n" * 500)))) == 1


# Lines that resemble a boundary and are none; the boundaries are one another's prefixes: b, bb, bbb.
NEAR_MISSES = [b"", b"x", b"-", b"--", b"--b-", b"--b--x", b"--bbbb", b"--bb-x", b" --b", b"--bx--", b"A: b", b"x --b--"]
LINES = st.lists(st.sampled_from(NEAR_MISSES), max_size=6).map(b"\r\n".join)
LEAVES = st.tuples(st.sampled_from([b"", b"A: b\r\n", b"Content-Type: text/html\r\n"]), LINES).map(b"\r\n".join)


def trees(level: int = 1) -> st.SearchStrategy[bytes]:
    if level > 3:
        return LEAVES
    inner = st.lists(trees(level + 1), min_size=1, max_size=3)
    space = st.sampled_from([b"", b" ", b"\t "])
    return LEAVES | st.tuples(LINES, inner, LINES, space).map(lambda made: framed(b"b" * level, *made))


def framed(boundary: bytes, preamble: bytes, parts: list[bytes], epilogue: bytes, space: bytes) -> bytes:
    line = b"\r\n--" + boundary
    body = preamble + b"".join(line + space + b"\r\n" + part for part in parts) + line + b"--" + space + b"\r\n" + epilogue
    return b"Content-Type: multipart/mixed; boundary=" + boundary + b"\r\n\r\n" + body


@settings(max_examples=300, deadline=None)
@given(trees())
def test_the_standard_library_sees_the_same_parts(data: bytes) -> None:
    heard = email.message_from_bytes(data, policy=email.policy.compat32)
    theirs = [(part.get_content_type(), part.get_payload()) for part in heard.walk() if not part.is_multipart()]
    assert [(media, body.decode()) for media, body in shape(parse(data))] == theirs


@pytest.mark.parametrize(
    "data",
    [
        b" folded: x\r\n\r\n",
        b"From a@b Sun Nov 22\r\n\r\n",
        b"no colon\r\n\r\n",
        b"Sp ace: x\r\n\r\n",
        b"Space : x\r\n\r\n",
        b"\xff: x\r\n\r\n",
        b": x\r\n\r\n",
        b"X" * 77 + b": x\r\n\r\n",
        b"Content-Type: multipart/mixed\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=\xff\r\n\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\nnothing",
        multipart("b", b"no header"),
        b"Content-Transfer-Encoding: base64\r\n" + multipart("b", text(b"x")),
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n--b--\r\n",
    ],
)
def test_what_readers_would_disagree_about_is_malformed(data: bytes) -> None:
    with pytest.raises(MalformedMessage):
        parse(data)


def test_caps_hold_at_their_edges() -> None:
    parse(nested(DEPTH, text(b"x")))
    parse(multipart("b", *[text(b"x")] * (PARTS - 1)))
    parse(b"X: " + b"y" * (100 * 1024 - 3) + b"\r\n\r\n")
    for data in (
        nested(DEPTH + 1, text(b"x")),
        multipart("b", *[text(b"x")] * PARTS),
        b"X: " + b"y" * (100 * 1024) + b"\r\n\r\n",
        b"X: y\r\n" * 44_000 + b"\r\n",
        multipart("b", *[b"X: " + b"y" * 60_000 + b"\r\n\r\n"] * 5),
    ):
        with pytest.raises(MalformedMessage):
            parse(data)


BIG = 10_000_000


@pytest.mark.parametrize(
    "data",
    [
        nested(2000, text(b"x")),
        nested(49, text(b"y" * BIG)),
        multipart("b", b"\r\n" + b"--b-\r\n" * 1_000_000),
        multipart("a" * 70, b"\r\n" + b"a" * BIG),
        multipart("-" * 70, b"\r\n" + b"\r\n-" * (BIG // 3)),
        b"\r\n".join([b"a:"] * 90_000),
        b"a:\r\n" + b" \r\n" * 90_000,
        b"X" * BIG,
        b"\r\n" * (BIG // 2),
        b"Content-Type: a/b" + b"; x=y" * 20_000 + b"\r\n\r\n",
        b"Content-Type: message/rfc822\r\n\r\n" * 10_000,
        multipart("b", *[b""] * 100_000),
    ],
)
def test_hostile_structures_are_read_or_refused_in_linear_time(data: bytes) -> None:
    with within(0.5), contextlib.suppress(MalformedMessage):
        parse(data)


@pytest.mark.parametrize(
    ("head", "kind", "filename", "content_id"),
    [
        (b"", "text", "", ""),
        (b"Content-Type: text/html\r\nContent-Disposition: inline\r\n", "html", "", ""),
        (b"Content-Disposition: attachment\r\n", "file", "", ""),
        (b"Content-Type: text/plain; name=a.txt\r\n", "file", "a.txt", ""),
        (
            b"Content-Disposition: inline; filename*=utf-8''%C3%BC.png\r\nContent-Type: image/png\r\nContent-ID: <c@d>\r\n",
            "file",
            "ü.png",
            "c@d",
        ),
        (b"Content-Type: text/calendar\r\n", "file", "", ""),
    ],
)
def test_a_leaf_is_text_unless_it_says_that_it_is_a_file(head: bytes, kind: str, filename: str, content_id: str) -> None:
    found = role(parse(head + b"\r\nx"))
    assert (found.kind, found.filename, found.content_id) == (kind, filename, content_id)

"""Where a message ends, what is too large, and that stray line ends are never read as anything."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.smtp.server.data import DataReader, LineReader, ReadProblem

LIMIT = 1000


def read(data: bytes, limit: int = LIMIT) -> bytes | ReadProblem:
    """What a reader makes of bytes that came in one piece."""
    return DataReader(limit).read(bytearray(b"\r\n" + data))


def read_slowly(data: bytes, limit: int = LIMIT) -> list[bytes | ReadProblem]:
    """The same, one octet at a time, without the waiting."""
    reader, buffer = DataReader(limit), bytearray(b"\r\n")
    found: list[bytes | ReadProblem] = []
    for octet in data:
        buffer.append(octet)
        step = reader.read(buffer)
        if step is not ReadProblem.MORE:
            found.append(step)
            if step is not ReadProblem.TOO_LONG:
                break
    return found


def stuffed(lines: list[bytes]) -> bytes:
    return b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines) + b".\r\n"


@given(
    st.lists(
        st.binary(max_size=20).map(lambda line: line.translate(None, b"\r\n\0")) | st.just(b".") | st.just(b".."), max_size=20
    )
)
def test_what_was_stuffed_comes_out_as_it_was(lines: list[bytes]) -> None:
    content = b"".join(line + b"\r\n" for line in lines)
    assert read(stuffed(lines)) == content
    assert read_slowly(stuffed(lines)) == [content]


@given(st.lists(st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"\0", b"x", b"\r\n.\r\n"]), max_size=24).map(b"".join))
def test_no_content_ever_has_a_stray_line_end_or_nul(data: bytes) -> None:
    found = read(data)
    if isinstance(found, bytes):
        assert found.count(b"\r") == found.count(b"\n") == found.count(b"\r\n")
        assert b"\0" not in found
    assert read_slowly(data)[:1] == ([] if found is ReadProblem.MORE else [found])


def test_what_comes_behind_the_end_stays_in_the_buffer() -> None:
    buffer = bytearray(b"\r\nhello\r\n.\r\nMAIL FROM:<>\r\n")
    assert DataReader(LIMIT).read(buffer) == b"hello\r\n"
    assert buffer == b"MAIL FROM:<>\r\n"


@pytest.mark.parametrize(("octets", "fits"), [(998, True), (999, False), (1000, False)])
def test_the_limit_counts_content_and_not_its_end(octets: int, fits: bool) -> None:
    data = b"x" * octets + b"\r\n.\r\n"
    assert read(data) == (b"x" * octets + b"\r\n" if fits else ReadProblem.TOO_LONG)
    assert read_slowly(data) == ([b"x" * octets + b"\r\n"] if fits else [ReadProblem.TOO_LONG, ReadProblem.SKIPPED])


def test_the_first_octet_over_is_told_at_once_and_the_rest_is_thrown_away() -> None:
    reader, buffer = DataReader(LIMIT), bytearray(b"\r\n" + b"x" * 1001)
    assert reader.read(buffer) is ReadProblem.TOO_LONG
    for _ in range(9):
        buffer += b"x" * 100
        assert reader.read(buffer) is ReadProblem.MORE
        assert len(buffer) <= 2
    buffer += b"\r\n.\r\nQUIT\r\n"
    assert reader.read(buffer) is ReadProblem.SKIPPED
    assert buffer == b"QUIT\r\n"


def test_who_does_not_stop_at_twice_the_limit_is_hung_up_on() -> None:
    assert read_slowly(b"x" * 3000) == [ReadProblem.TOO_LONG, ReadProblem.FLOOD]


def test_a_stray_line_end_counts_in_what_is_thrown_away_too() -> None:
    assert read_slowly(b"x" * 1500 + b"\n.\r\n") == [ReadProblem.TOO_LONG, ReadProblem.STRAY]


@pytest.mark.parametrize(
    ("data", "wanted"),
    [
        (b"NOOP\r\nQUIT", b"NOOP"),
        (b"\r\n", b""),
        (b"NOOP", ReadProblem.MORE),
        (b"NOOP\r", ReadProblem.MORE),
        (b"NOOP\n", ReadProblem.STRAY),
        (b"NO\rOP\r\n", ReadProblem.STRAY),
        (b"NO\0OP\r\n", ReadProblem.STRAY),
        (b"\n", ReadProblem.STRAY),
        (b"NOOP\r\r\n", ReadProblem.STRAY),
        (b"x" * 62 + b"\r\n", b"x" * 62),
        (b"x" * 63 + b"\r\n", ReadProblem.TOO_LONG),
    ],
)
def test_a_command_line_ends_in_crlf_and_nothing_else(data: bytes, wanted: bytes | ReadProblem) -> None:
    assert LineReader().read(bytearray(data), 64) == wanted


def test_an_endless_line_is_not_kept() -> None:
    reader, buffer = LineReader(), bytearray()
    for _ in range(100):
        buffer += b"x" * 64
        assert reader.read(buffer, 64) is ReadProblem.MORE
        assert len(buffer) <= 64
    buffer += b"\r\nNOOP\r\n"
    assert reader.read(buffer, 64) is ReadProblem.TOO_LONG
    assert reader.read(buffer, 64) == b"NOOP"

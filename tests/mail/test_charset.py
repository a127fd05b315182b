"""Only charsets that mail uses are decoded; nothing raises."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.mail.charset import decode, sniff


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-8", "utf-8"),
        ("iso-8859-15", "iso8859-15"),
        ("Windows-1252", "cp1252"),
        ("KOI8-R", "koi8-r"),
        ("Shift_JIS", "shift_jis"),
        ("ISO-2022-JP", "iso2022_jp"),
        ("GB2312", "gb2312"),
        ("big5", "big5"),
        ("euc-kr", "euc_kr"),
        ("ks_c_5601-1987", "euc_kr"),
        ("latin1", "latin-1"),
    ],
)
def test_charsets_of_mail_are_known_by_their_labels(label: str, codec: str) -> None:
    assert decode(b"\xc4\xe3", label) == b"\xc4\xe3".decode(codec, "replace")


@pytest.mark.parametrize(
    "label",
    ["", "us-ascii", "utf-7", "punycode", "idna", "unicode_escape", "zlib", "rot13", "x" * 41, "a\0b", "../x", "nonsense"],
)
def test_any_other_label_counts_as_none(label: str) -> None:
    assert decode("ü".encode(), label) == "ü"
    assert decode(b"\xfc", label) == "ü"


@given(st.binary(max_size=200), st.text(max_size=45))
def test_decoding_never_raises(data: bytes, label: str) -> None:
    decode(data, label).encode()


@given(st.binary(max_size=200))
def test_a_sniffed_label_is_true_of_the_bytes(data: bytes) -> None:
    text, label = sniff(data)
    assert text.encode(label) == data

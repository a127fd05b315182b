"""One strict parser: what it takes stands on the wire as it is, what readers could disagree about it refuses."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.mail.address import (
    AddressFault,
    needs_smtputf8,
    parse_author,
    parse_list,
    parse_mailbox,
    parse_path,
    with_name,
)
from posthouse.model.mailbox import Mailbox
from tests.support.spent import within

ACCEPTED = [
    ("user@example.com", "user@example.com", ""),
    ("  user@example.com\t", "user@example.com", ""),
    ("<user@example.com>", "user@example.com", ""),
    ("Shop <noreply@shop.example>", "noreply@shop.example", "Shop"),
    ("Dr. Who <who@example.com>", "who@example.com", "Dr. Who"),
    ('"Miller, Ann" <ann@example.com>', "ann@example.com", "Miller, Ann"),
    ('"a \\"b\\" c" <a@example.com>', "a@example.com", 'a "b" c'),
    ("Jürgen\u00a0Groß <j@example.com>", "j@example.com", "Jürgen\u00a0Groß"),
    ("User.Name+tag@Example.COM", "User.Name+tag@example.com", ""),
    ("user%other@example.com", "user%other@example.com", ""),
    ("root@localhost", "root@localhost", ""),
    ('"a b"@example.com', '"a b"@example.com', ""),
    ('"a@evil x"@example.com', '"a@evil x"@example.com', ""),
    ('"a\\"b"@example.com', '"a\\"b"@example.com', ""),
    ('X <"<>"@example.com>', '"<>"@example.com', "X"),
    ("=?utf-8?q?a=40evil=2Eexample?=@example.com", "=?utf-8?q?a=40evil=2Eexample?=@example.com", ""),
    ("=?utf-8?q?N?= <a@example.com>", "a@example.com", "=?utf-8?q?N?="),
    ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v", ""),
    ("a@Bücher.example", "a@xn--bcher-kva.example", ""),
    ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example", ""),
    ("a" * 64 + "@example.com", "a" * 64 + "@example.com", ""),
]
REFUSED = [
    "", " ", "@", "a@", "@b", "a", "<>", "a@b@c", "a b@example.com", "a@b c", "a..b@example.com", ".a@example.com", "a.@example.com",
    "a@example.com, b@example.com", "a@example.com; b@example.com", "g: a@example.com, b@example.com;", "g:;",
    "a@example.com (comment)", "(comment) a@example.com", "a(b)@example.com", "@relay.example:a@example.com",
    "<a@b.example>c@d.example", "a@evil.example <b@example.com>", "A <a@example.com> B", "<a@example.com", "a@example.com>", "<<a@example.com>>",
    "a@[127.0.0.1]", "a@[IPv6:::1]", "a@127.0.0.1", "a@-x.example", "a@x-.example", "a@x..example", "a@example.com.", "a@x_y.example",
    "a@" + "b" * 64 + ".example", "a@" + "b.c" * 100, "a" * 65 + "@example.com", "ü" * 33 + "@example.com", "a" * 1000 + "@example.com",
    '"a@example.com', '""@example.com', '"a"b@example.com', '"a\\"@example.com', "a\\b@example.com",
    "a@xn--0049.example", "a@xn--a.example", "a@exa\u200bmple\ud800.com",
    "a\u200b@example.com", "a\u202e@example.com", "a\u00a0b@example.com", "a＠b@example.com", "a．b@example.com", "a\ud800@example.com",
    "X" * 257 + " <a@example.com>",
]  # fmt: skip
BREAKS = ["\n", "\r", "\r\n", "\r\n ", "\x0b", "\x0c", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029", "\0", "\x7f"]


@pytest.mark.parametrize(("text", "address", "name"), ACCEPTED)
def test_an_accepted_mailbox_keeps_its_wire_form(text: str, address: str, name: str) -> None:
    found = parse_mailbox(text)
    assert isinstance(found, Mailbox)
    assert (found.address, found.name) == (address, name)


@pytest.mark.parametrize("text", REFUSED)
def test_what_readers_could_disagree_about_is_refused_by_every_entrance(text: str) -> None:
    assert isinstance(parse_mailbox(text), AddressFault)
    assert isinstance(parse_path(text), AddressFault)
    assert isinstance(parse_author(text), AddressFault)


@pytest.mark.parametrize("mark", BREAKS)
@pytest.mark.parametrize(
    "shape", ["a{}b@example.com", "a@exa{}mple.com", "N{}ame <a@example.com>", '"a{}"@example.com', "<a{}@example.com>"]
)
def test_a_line_break_of_any_kind_anywhere_is_refused(mark: str, shape: str) -> None:
    text = shape.format(mark)
    assert isinstance(parse_mailbox(text), AddressFault)
    assert isinstance(parse_path(text), AddressFault)
    assert isinstance(parse_list(text), AddressFault)


def test_the_smtp_injection_of_old_is_refused() -> None:
    assert isinstance(parse_path('"b\r\nRCPT TO:<evil@x.example>"@x.example'), AddressFault)
    assert isinstance(parse_path("b@x.example SIZE=1"), AddressFault)
    assert isinstance(parse_path("b@x.example> SIZE=1"), AddressFault)


def test_a_path_has_no_name_and_no_brackets() -> None:
    assert isinstance(parse_path("<a@example.com>"), AddressFault)
    assert isinstance(parse_path("A <a@example.com>"), AddressFault)
    assert isinstance(parse_path(" a@example.com"), AddressFault)


@pytest.mark.parametrize("letter", ["ı", "İ", "ſ", "ﬀ", "\u212a", "é", "e\u0301", "ß"])
def test_a_local_part_is_never_folded_or_normalised(letter: str) -> None:
    found = parse_mailbox(f"m{letter}Ke@GitHub.example")
    assert isinstance(found, Mailbox)
    assert found.address == f"m{letter}Ke@github.example"
    assert needs_smtputf8(found)


def test_unicode_and_punycode_forms_of_a_domain_are_one_address() -> None:
    forms = ["a@bücher.example", "a@BÜCHER.example", "a@bu\u0308cher.example", "a@XN--BCHER-KVA.example", "a@bücher．example"]
    assert len({parse_mailbox(form) for form in forms}) == 1


def test_only_a_local_part_outside_ascii_needs_smtputf8() -> None:
    plain = parse_mailbox("Jürgen <j@bücher.example>")
    assert isinstance(plain, Mailbox)
    assert not needs_smtputf8(plain)


def _assert_wire_safe(found: Mailbox) -> None:
    address = found.address
    assert parse_path(address) == Mailbox(found.local, found.domain)
    assert len(found.local.encode()) <= 64
    assert len(address.encode()) <= 254
    assert found.domain.isascii()
    assert found.domain == found.domain.lower()
    assert not set("\r\n\0\x85\u2028\u2029\x0b\x0c") & set(address)
    outside = found.domain if found.local.startswith('"') else address.removesuffix("@" + found.domain) + found.domain
    assert not set(' <>()[]\\,;:"@\t') & set(outside)


ALPHABET = 'ab.@"\\<>(),:;[] \t\r\n\0\x85\u2028üßı＠．ſ\u200b\u0301例-=?_%+xn1'
LOCAL = st.one_of(
    st.text("abzAZ09.!#$%&'*+/=?^_`{|}~-üßıſ例", min_size=1, max_size=30),
    st.text('ab @<>"\\.,;:()[]ü', max_size=20).map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'),
)
LABEL = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,8}[a-zA-Z0-9])?", fullmatch=True)
DOMAIN = st.one_of(
    st.lists(LABEL, min_size=1, max_size=4),
    st.lists(st.text("abcXYZ019-üß例", min_size=1, max_size=12), min_size=1, max_size=4),
).map(".".join)


@settings(max_examples=1500, deadline=None)
@given(st.one_of(st.text(ALPHABET, max_size=40), st.text(max_size=30), st.tuples(LOCAL, DOMAIN).map("@".join)))
def test_every_accepted_address_is_what_stands_between_the_brackets(text: str) -> None:
    for found in (parse_mailbox(text), parse_path(text), parse_author(text)):
        if isinstance(found, Mailbox):
            _assert_wire_safe(found)
    path = parse_path(text)
    if isinstance(path, Mailbox):
        assert path.local == text[: len(path.local)]
        assert parse_mailbox(text) == parse_mailbox(f"<{text}>") == path


@settings(max_examples=500, deadline=None)
@given(st.lists(st.tuples(LOCAL, DOMAIN).map("@".join), max_size=5), st.sampled_from(ALPHABET))
def test_a_list_holds_only_addresses_that_the_one_parser_accepts(texts: list[str], stray: str) -> None:
    for value in (", ".join(texts), stray.join(texts)):
        found = parse_list(value)
        if not isinstance(found, AddressFault):
            for mailbox in found:
                _assert_wire_safe(mailbox)


def test_a_list_decodes_names_but_never_addresses() -> None:
    found = parse_list(
        'a@b.example, "X, Y" <c@d.example>, =?utf-8?q?J=C3=BCrgen,?= =?utf-8?b?IEdyb8Of?= <=?utf-8?q?x?=@f.example>'
    )
    assert found == (
        Mailbox("a", "b.example"),
        Mailbox("c", "d.example", "X, Y"),
        Mailbox("=?utf-8?q?x?=", "f.example", "Jürgen, Groß"),
    )


@pytest.mark.parametrize(
    ("value", "addresses"),
    [
        ("", []),
        ("undisclosed-recipients:;", []),
        (",a@b.example,,", ["a@b.example"]),
        ("Team: a@b.example, C <c@d.example>; , e@f.example", ["a@b.example", "c@d.example", "e@f.example"]),
    ],
)
def test_groups_and_empty_places_in_a_list(value: str, addresses: list[str]) -> None:
    found = parse_list(value)
    assert not isinstance(found, AddressFault)
    assert [mailbox.address for mailbox in found] == addresses


@pytest.mark.parametrize(
    "value", ["a@b.example (c)", "g: h: a@b.example;", "a@b.example;", "g: a@b.example", "a@b c@d", "nobody"]
)
def test_a_list_that_is_none_is_refused(value: str) -> None:
    assert isinstance(parse_list(value), AddressFault)


def test_an_author_is_exactly_one_mailbox_with_its_name_decoded() -> None:
    assert parse_author("=?iso-8859-1?q?J=FCrgen?= <j@b.example>") == Mailbox("j", "b.example", "Jürgen")
    assert isinstance(parse_author("a@b.example, c@d.example"), AddressFault)
    assert isinstance(parse_author("g: a@b.example;"), AddressFault)


def test_a_name_given_apart_is_checked_like_one_in_the_text() -> None:
    mailbox = Mailbox("a", "b.example")
    assert with_name(mailbox, " Ann, \N{SNOWMAN} ") == Mailbox("a", "b.example", "Ann, \N{SNOWMAN}")
    assert isinstance(with_name(mailbox, "x" * 257), AddressFault)
    for mark in BREAKS:
        assert isinstance(with_name(mailbox, f"a{mark}Bcc: x@y.example"), AddressFault)


@pytest.mark.parametrize(
    "hostile",
    [
        "(" * 100_000,
        "g:" * 50_000,
        "<" * 100_000,
        '"' * 99_999,
        '"\\' * 50_000,
        "a@b.example," * 8_000,
        "a." * 50_000,
        '<"' * 50_000,
        "=?a?b?" * 16_000,
        "=?" * 50_000,
        "@" * 100_000,
        " " * 100_000 + "x",
        ";" * 100_000,
        "x" * 102_400,
        "ü" * 60_000 + "@例.example",
    ],
)
def test_hostile_input_is_answered_in_linear_time(hostile: str) -> None:
    with within(0.5):
        parse_mailbox(hostile), parse_path(hostile), parse_list(hostile), parse_author(hostile)

"""Addresses are read one way only, or refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.model.http import HttpResponse, Url, UrlFault, parse_url


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://app.example.com", Url("https", "app.example.com", 443, "/")),
        ("HTTPS://App.Example.COM:8443/Hook?x=%20#"[:-1], Url("https", "app.example.com", 8443, "/Hook?x=%20")),
        ("http://127.0.0.1:80/", Url("http", "127.0.0.1", 80, "/")),
        ("https://[2606:4700::1111]/x", Url("https", "2606:4700::1111", 443, "/x")),
        ("https://app.example.com.?a", Url("https", "app.example.com", 443, "/?a")),
        ("https://xn--bcher-kva.example/", Url("https", "xn--bcher-kva.example", 443, "/")),
        ("https://my_svc/hook", Url("https", "my_svc", 443, "/hook")),
    ],
)
def test_an_address_is_taken_apart(text: str, expected: Url) -> None:
    if expected.host == "my_svc":
        assert isinstance(parse_url(text), UrlFault)
    else:
        assert parse_url(text) == expected


@pytest.mark.parametrize(
    ("text", "authority"),
    [("https://a.example:443/", "a.example"), ("http://a.example:8080/", "a.example:8080"), ("https://[::1]:1/", "[::1]:1")],
)
def test_the_host_field_has_the_port_only_where_it_is_not_the_schemes_own(text: str, authority: str) -> None:
    found = parse_url(text)
    assert isinstance(found, Url)
    assert found.authority == authority


@given(st.text(max_size=60))
def test_nothing_makes_it_stumble(text: str) -> None:
    for each in (text, f"https://{text}", f"https://a.example/{text}"):
        found = parse_url(each)
        if isinstance(found, Url):
            assert found.host.isascii()
            assert not set(found.target) & set("\r\n \t#\\")


@given(st.integers(0, 2**32 - 1))
def test_a_number_is_no_host(number: int) -> None:
    for written in (str(number), hex(number), oct(number).replace("o", ""), f"127.{number % 65536}"):
        assert isinstance(parse_url(f"http://{written}/"), UrlFault)


def test_a_header_is_found_by_its_name() -> None:
    answer = HttpResponse(status=200, headers=(("a", "1"), ("b", "2"), ("b", "3")))
    assert (answer.header("b"), answer.header("c")) == ("2", None)

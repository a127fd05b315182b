"""What an operator sets as a limit holds at every door of the whole product, and is told by each."""

import json
from collections.abc import Iterator

import pytest

from tests.support.mailer import SENDER, letter, session
from tests.support.product import Product, command, environment, running

SET = {"LIMIT_MESSAGE": "100KB", "LIMIT_RECIPIENTS": "2", "LIMIT_TAGS": "1"}
SIZE = 100 << 10


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with running(environment(tmp_path_factory.mktemp("limits") / "var", WORKERS="1", **SET)) as made:
        yield made


def test_smtp_offers_the_size_and_refuses_the_third_recipient(product: Product) -> None:
    with session(product) as client:
        client.ehlo()
        assert client.esmtp_features["size"] == str(SIZE)
        assert client.mail(SENDER, [f"SIZE={SIZE + 1}"])[0] == 552
        client.mail(SENDER)
        assert [client.rcpt(f"u{number}@example.com")[0] for number in range(3)] == [250, 250, 452]
        assert client.data(letter("u0@example.com", body="x" * 70 + "\r\n" * (SIZE // 2)).encode())[0] == 552
        client.mail(SENDER)
        client.rcpt("u0@example.com")
        code, reply = client.data(b"X-Posthouse-Tag: a\r\nX-Posthouse-Tag: b\r\n" + letter("u0@example.com").encode())
        assert (code, b"at most 1 tags" in reply) == (554, True)


def test_http_and_its_document_go_by_the_same_numbers(product: Product) -> None:
    body = {"to": [f"u{number}@example.com" for number in range(3)], "from": SENDER, "subject": "Hello", "text": "Hello."}
    status, problem = product.ask("POST", "/v1/send", body)
    assert (status, problem["errors"]) == (422, [{"path": "to", "message": "must have at most 2 items, not 3"}])
    assert product.ask("POST", "/v1/send", body | {"to": "u@example.com", "text": "x" * SIZE})[0] == 413
    document = product.ask("GET", "/openapi.json")[1]
    assert "At most 100 KB" in document["paths"]["/v1/send"]["post"]["requestBody"]["description"]


def test_the_command_line_goes_by_them_too(product: Product) -> None:
    shown = {row["name"]: row for row in json.loads(command(product.env, "config", "--json").stdout)}
    assert (shown["POSTHOUSE_LIMIT_MESSAGE"]["value"], shown["POSTHOUSE_LIMIT_MESSAGE"]["source"]) == ("100KB", "environment")
    assert shown["POSTHOUSE_LIMIT_HTML"]["value"] == "1MB"
    refused = command(product.env | {"POSTHOUSE_LIMIT_TAGS": "many"}, "serve", check=False)
    assert (
        refused.returncode,
        refused.stderr.strip().endswith("POSTHOUSE_LIMIT_TAGS is 'many'; write a number from 0 to 50."),
    ) == (2, True)

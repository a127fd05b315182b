"""One limit for one key, whichever door it comes by: what went by SMTP is gone by HTTP, and codes still leave."""

import json

from tests.journey.conftest import Home
from tests.support.mailer import SENDER, letter, session, submit
from tests.support.product import Product, command

CODE = {"to": "ada@example.com", "from": SENDER, "subject": "Code", "text": "428193", "type": "two_factor_code"}
LETTER = {"to": "ada@example.com", "from": SENDER, "subject": "Hello", "text": "Hello.", "type": "receipt"}


def limited(product: Product, rate: int) -> str:
    status, made = product.ask("POST", "/v1/keys", {"ratePerMinute": rate, "type": "receipt"})
    assert status == 201, made
    return str(made["key"])


def test_both_doors_take_from_one_bucket_and_codes_from_another(home: Home) -> None:
    product, key = home.product, limited(home.product, 2)
    with session(product, key) as client:
        for code, start in (
            (250, b"2.0.0 Ok: msg_"),
            (250, b"2.0.0 Ok: msg_"),
            (450, b"4.7.1 This key may ask for 2 messages a minute;"),
        ):
            client.mail(SENDER)
            client.rcpt("ada@example.com")
            reply = client.data(letter("ada@example.com").encode())
            assert (reply[0], reply[1].startswith(start)) == (code, True), reply
        client.mail(SENDER)
        client.rcpt("ada@example.com")
        assert client.data(letter("ada@example.com", type="two_factor_code").encode())[0] == 250
    status, problem = product.ask("POST", "/v1/send", LETTER, key)
    assert (status, problem["code"]) == (429, "rate_limited")
    assert product.ask("POST", "/v1/send", CODE, key)[0] == 202


def test_an_smtp_login_may_be_limited_too_and_its_limit_changed(home: Home) -> None:
    made = command(home.product.env, "key", "create", "--smtp", "--rate", "1", "--json").stdout
    login = json.loads(made)
    assert login["ratePerMinute"] == 1
    product = Product(home.product.env, home.product.process, home.product.ready, home.product.keys | {"smtp": login})
    answers = [submit(product, letter("ada@example.com"), "ada@example.com").code for _ in range(2)]
    assert answers == [250, 450]
    assert "600" in command(home.product.env, "key", "change", login["id"], "--rate", "600").stderr

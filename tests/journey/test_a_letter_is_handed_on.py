"""A person's letter leaves by the operator's route as it came: its author's signature holds, ours is not on it, and it goes round
nowhere.
"""

import contextlib
import http.client
import json
import smtplib
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import dkim as referee
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.on_the_wire import blemishes
from tests.support.product import Product, environment, running, sink
from tests.support.signatures import Records, trust, verdicts

pytestmark = pytest.mark.slow
HELP = "help@desk.test"
JANE = "jane@reader.test"


class Shop(NamedTuple):
    """A shop behind a relay, whose ledger has what left."""

    product: Product
    ledger: Path

    def left(self, recipient: str) -> list[dict[str, str]]:
        lines = self.ledger.read_text().splitlines() if self.ledger.exists() else []
        return [entry for entry in map(json.loads, lines) if entry["recipient"] == recipient]

    def return_path(self, recipient: str) -> str:
        """That of the one mail that went there."""
        sent = str(self.product.send(to=recipient, subject="Order 7", text="Thanks", **{"from": "shop@shop.example"})["id"])
        self.product.wait(sent, "sent", "delivered")
        return self.left(recipient)[-1]["sender"]

    def events(self, message: str, kind: str) -> list[dict[str, Any]]:
        _, view = self.product.ask("GET", f"/v1/messages/{message}")
        return [event["data"] for event in view["events"] if event["type"] == f"message.{kind}"]

    def hand_in(self, recipient: str, mail: bytes, sender: str) -> None:
        host, _, port = str(self.product.ready["inbound"]).rpartition(":")
        with smtplib.SMTP(host, int(port), timeout=10) as session:
            session.sendmail(sender, [recipient], mail)


def eventually(holds: Callable[[], Any]) -> Any:
    until = time.monotonic() + 20
    while not (found := holds()):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    folder = tmp_path_factory.mktemp("letters")
    with sink(folder / "ledger") as port:
        env = environment(folder / "data", INBOUND="127.0.0.1:0", ROUTES=f"smtp://127.0.0.1:{port}", WORKERS="1")
        with running(env) as product:
            trust(env, "shop.example")
            assert product.ask("PATCH", "/v1/streams/transactional", {"replyTo": HELP})[0] == 200
            yield Shop(product, folder / "ledger")


def signed(recipient: str, text: str) -> tuple[bytes, Records]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    mail = (
        f"From: Jane <{JANE}>\r\nTo: <{recipient}>\r\nSubject: Re: Order 7\r\nDate: Fri, 27 Nov 2026 10:00:00 +0000\r\n"
        f"Message-ID: <{text.partition(' ')[0]}@reader.test>\r\n\r\n{text}\r\n"
    ).encode()
    signature: bytes = referee.sign(mail, b"s", b"reader.test", pem, include_headers=[b"from", b"to", b"subject", b"date"])
    return signature + mail, {"s._domainkey.reader.test": f"v=DKIM1; k=rsa; p={b64encode(public).decode()}"}


def test_it_leaves_as_it_came_and_its_authors_signature_holds(shop: Shop) -> None:
    path = shop.return_path(JANE)
    mail, records = signed(path, "Where is it?")
    before = len(shop.left(HELP))
    shop.hand_in(path, mail, JANE)
    entry = eventually(lambda: shop.left(HELP)[before:])[0]
    data = entry["data"].encode("latin-1")
    assert data.endswith(mail)
    assert blemishes(data) == []
    assert verdicts(data, records) == [True]  # the author's, and no other
    assert entry["sender"].startswith("b+")
    assert entry["sender"] != path


def test_what_is_handed_on_has_a_timeline_bounces_like_any_mail_and_answers_to_it_go_nowhere(shop: Shop) -> None:
    path = shop.return_path("joe@reader.test")
    before = len(shop.left(HELP))
    shop.hand_in(path, signed(path, "Hello there")[0], JANE)
    entry = eventually(lambda: shop.left(HELP)[before:])[0]
    _, page = shop.product.ask("GET", f"/v1/messages?recipient={HELP}&limit=1")
    forward = page["data"][0]["id"]
    shop.product.wait(forward, "sent")
    assert shop.product.ask("GET", f"/v1/messages/{forward}/raw")[1] == entry["data"].encode("latin-1")
    shop.hand_in(entry["sender"], signed(entry["sender"], "Got it")[0].replace(b"jane@", b"agent@"), "agent@reader.test")
    assert eventually(lambda: shop.events(forward, "replied"))[0]["reason"] == "looped"
    assert len(shop.left(HELP)) == before + 1


def test_a_letter_that_comes_by_http_is_the_same(shop: Shop) -> None:
    path = shop.return_path("ann@reader.test")
    before = len(shop.left(HELP))
    mail, records = signed(path, "By another door")
    with contextlib.closing(http.client.HTTPConnection(*shop.product.http, timeout=10)) as connection:
        headers = {"Authorization": f"Bearer {shop.product.keys['liveKey']}", "Content-Type": "message/rfc822"}
        connection.request("POST", f"/v1/feedback/raw?recipient={path.replace('+', '%2B')}", mail, headers)
        assert connection.getresponse().status == 202
    entry = eventually(lambda: shop.left(HELP)[before:])[0]
    assert verdicts(entry["data"].encode("latin-1"), records) == [True]

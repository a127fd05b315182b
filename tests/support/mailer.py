"""A mailer as applications have it: hands a message to the submission door, after STARTTLS and a login."""

import json
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.support.product import Product

SENDER = "shop@shop.example"


class Answer(NamedTuple):
    """The reply to the message: its code and its text."""

    code: int
    text: str

    @property
    def message(self) -> str:
        """The id it names."""
        found = re.search(r"msg_[0-9a-z]{26}", self.text)
        assert self.code == 250, self
        assert found, self
        return found[0]


@contextmanager
def session(product: Product, password: str | None = None) -> Iterator[smtplib.SMTP]:
    """Logged in. ``password``: an API key instead of the SMTP login."""
    login = product.keys["smtp"] if password is None else {"username": "api", "password": password}
    unchecked = ssl.create_default_context()
    unchecked.check_hostname, unchecked.verify_mode = False, ssl.CERT_NONE
    with smtplib.SMTP(*product.smtp, timeout=20) as client:
        client.starttls(context=unchecked)
        client.login(login["username"], login["password"])
        yield client


def submit(product: Product, data: bytes | str, *recipients: str, password: str | None = None) -> Answer:
    """One message, its bytes as they are (RFC 5321 stuffing apart); the answer to its final dot."""
    with session(product, password) as client:
        assert client.mail(SENDER)[0] == 250
        for recipient in recipients:
            assert client.rcpt(recipient)[0] == 250, recipient
        code, text = client.data(data.encode() if isinstance(data, str) else data)
        return Answer(code, text.decode())


def letter(to: str, subject: str = "Hello", body: str = "Hello.\r\n", **controls: Any) -> str:
    """A plain message; ``controls`` such as ``dedupe_key`` become ``X-Posthouse-…`` fields."""
    fields = {"From": SENDER, "To": to, "Subject": subject}
    for name, value in controls.items():
        fields[f"X-Posthouse-{name.replace('_', '-').title()}"] = value if isinstance(value, str) else json.dumps(value)
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items()) + "\r\n" + body

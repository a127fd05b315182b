"""The first letters of a newcomer, by whatever they have at hand, are in the inbox a moment later, each with its timeline."""

import smtplib
import ssl
import subprocess
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import EmailMultiAlternatives

from tests.journey.conftest import Home
from tests.support.product import Product, command
from tests.support.signatures import BOTH, verdicts
from tests.support.timelines import delivery, look, raw, states

PYTHON_EXAMPLE: dict[str, Any] = {
    "to": "user@example.com",
    "from": "noreply@yoursite.com",
    "subject": "Password Reset",
    "html": "\n\nClick here to reset your password.\n\n",
    "template": "password-reset",
    "variables": {"reset_link": "https://yoursite.com/reset?token=xyz", "user_name": "John"},
}
CURL_EXAMPLE: dict[str, Any] = {
    "to": "customer@example.com",
    "template": "order-confirmation",
    "dedupeKey": "order-confirm:ord_abc123:v1",
    "payload": {"orderId": "ord_abc123", "total": "$49.99"},
}


def found_in_inbox(product: Product, to: str) -> dict[str, Any]:
    status, page = product.ask("GET", f"/v1/inbox?to={to.replace('+', '%2B')}&wait=20")
    assert status == 200, page
    [item] = page["data"]
    return dict(item)


def assert_delivered_and_kept(home: Home, item: dict[str, Any], *, signed: bool) -> dict[str, Any]:
    """Its timeline ends delivered, and the bytes are those that the inbox shows."""
    view = home.product.wait(item["messageId"], "delivered")
    assert states(view) == ["queued", "delivered"]
    only = delivery(view)
    assert (only["recipient"], only["reason"], only["latencySeconds"] is not None) == (item["to"], "accepted", True)
    [attempt] = only["attempts"]
    assert (attempt["outcome"], attempt["replyCode"]) == ("delivered", 250)
    data = raw(home.product, item["messageId"])
    head = data.partition(b"\r\n\r\n")[0]
    shown = [field["name"] for field in item["headers"]]
    kept = [line.partition(b":")[0].decode() for line in head.split(b"\r\n") if line[:1] not in b" \t"]
    assert shown == kept
    assert verdicts(data, home.records) == (BOTH if signed else [])
    return view


def test_the_python_example_of_the_documents_works_as_printed(home: Home) -> None:
    answer = home.product.send(**PYTHON_EXAMPLE)
    assert (answer["status"], answer["duplicate"]) == ("queued", False)
    item = found_in_inbox(home.product, "user@example.com")
    assert item["messageId"] == answer["id"]
    assert item["from"] == "noreply@yoursite.com"
    assert item["links"] == ["https://yoursite.com/reset?token=xyz"]
    assert "John" in item["text"]
    assert "John" in item["html"]
    assert "https://yoursite.com/reset?token=xyz" in item["text"]
    view = assert_delivered_and_kept(home, item, signed=True)
    assert (view["type"], view["template"]["name"], view["template"]["version"]) == ("password_reset", "password-reset", 1)


def test_the_curl_example_of_the_documents_works_as_printed_and_once(home: Home) -> None:
    first, second = home.product.send(**CURL_EXAMPLE), home.product.send(**CURL_EXAMPLE)
    assert (first["duplicate"], second["duplicate"]) == (False, True)
    assert second["id"] == first["id"]
    item = found_in_inbox(home.product, "customer@example.com")
    assert "ord_abc123" in item["subject"]
    assert "$49.99" in item["text"]
    assert "$49.99" in item["html"]
    view = home.product.wait(first["id"], "delivered")
    assert (view["type"], view["dedupeKey"]) == ("order_confirmation", "order-confirm:ord_abc123:v1")
    assert_delivered_and_kept(home, item, signed=False)


def test_a_mail_by_smtplib_arrives(home: Home) -> None:
    product = home.product
    context = ssl.create_default_context(cadata=command(product.env, "doctor", "--ca").stdout)
    message = EmailMessage()
    message["From"], message["To"] = "Jürgen Größe <shop@shop.example>", "Ann <smtplib@x.example>"
    message["Subject"] = "Grüße aus Köln"
    message.set_content("Ein langer Brief. " * 100 + "\n.\n..\n")
    message.add_alternative("<p>Grüße</p>", subtype="html")
    message.add_attachment(b"%PDF-1.7\r\n\0", maintype="application", subtype="pdf", filename="Beleg für März.pdf")
    login = product.keys["smtp"]
    with smtplib.SMTP("localhost", product.smtp[1], timeout=20) as client:
        client.starttls(context=context)
        client.login(login["username"], login["password"])
        assert client.send_message(message) == {}
    item = found_in_inbox(product, "smtplib@x.example")
    assert (item["subject"], item["from"]) == ("Grüße aus Köln", "Jürgen Größe <shop@shop.example>")
    assert "Ein langer Brief." in item["text"]
    assert [attachment["filename"] for attachment in item["attachments"]] == ["Beleg für März.pdf"]
    assert_delivered_and_kept(home, item, signed=True)


def test_a_mail_by_djangos_backend_arrives(home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not django_settings.configured:
        django_settings.configure(DEFAULT_CHARSET="utf-8")
    authority = tmp_path / "authority.pem"
    authority.write_text(command(home.product.env, "doctor", "--ca").stdout)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    message = EmailMultiAlternatives("Grüße", "Text", "shop@shop.example", ["django@x.example"], headers={"X-Mine": "ü"})
    message.attach_alternative("<p>Text</p>", "text/html")
    login = home.product.keys["smtp"]
    backend = EmailBackend(
        host="localhost", port=home.product.smtp[1], username=login["username"], password=login["password"], use_tls=True
    )
    assert backend.send_messages([message]) == 1
    item = found_in_inbox(home.product, "django@x.example")
    assert (item["subject"], item["text"].strip(), item["html"].strip()) == ("Grüße", "Text", "<p>Text</p>")
    assert_delivered_and_kept(home, item, signed=True)


def test_a_mail_by_swaks_arrives(home: Home, debian_tool: Callable[[str], Path]) -> None:
    host, port = home.product.smtp
    login = home.product.keys["smtp"]
    asked = [
        str(debian_tool("swaks")),
        "--server",
        f"{host}:{port}",
        "--tls",
        "--auth",
        "--auth-user",
        login["username"],
        "--auth-password",
        login["password"],
        "--from",
        "shop@shop.example",
        "--to",
        "swaks@x.example",
        "--body",
        "A test.",
    ]
    ended = subprocess.run(asked, capture_output=True, text=True, timeout=40, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    item = found_in_inbox(home.product, "swaks@x.example")
    assert item["text"].strip() == "A test."
    assert_delivered_and_kept(home, item, signed=True)


def test_what_the_inbox_shows_is_the_message_that_was_answered(home: Home) -> None:
    answer = home.product.send(
        to="shown@x.example", **{"from": "shop@shop.example"}, subject="Code", text="Your code is 847291.\n"
    )
    item = found_in_inbox(home.product, "shown@x.example")
    assert (item["messageId"], item["text"].strip(), item["code"]) == (answer["id"], "Your code is 847291.", "847291")
    assert home.product.ask("GET", f"/v1/inbox/{item['id']}") == (200, item)
    assert look(home.product, answer["id"])["status"] == "delivered"

"""Mailers that others wrote send through the submission door unchanged: smtplib, aiosmtplib, Django, swaks."""

import smtplib
import ssl
import subprocess
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest
from django.conf import settings as django_settings
from django.core.mail.backends.smtp import EmailBackend
from django.core.mail.message import EmailMultiAlternatives

from posthouse.mail.smtp.server.action import SessionLimits
from posthouse.model.send_request import Rejection
from tests.support.certificate import Certificate
from tests.support.smtp_door import MESSAGE, PASSWORD, QUICK, USER, Door, in_thread, open_door


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Shop Größe <shop@shop.example>"
    message["To"] = "Ann <ann@x.example>"
    message["Cc"] = "ben@x.example"
    message["Bcc"] = "cem@x.example"
    message["Subject"] = "Grüße aus Köln"
    message["X-Posthouse-Type"] = "receipt"
    message["X-Posthouse-Dedupe-Key"] = "receipt:1"
    message.set_content(".Ein Punkt\n..zwei\n" + "länger " * 300)
    message.add_alternative("<p>Grüße</p>", subtype="html")
    message.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="Beleg.pdf")
    return message


def check(door: Door) -> None:
    [asked] = door.requests
    assert asked.subject == "Grüße aus Köln"
    assert [mailbox.address for mailbox in (*asked.to, *asked.cc, *asked.bcc)] == [
        "ann@x.example",
        "ben@x.example",
        "cem@x.example",
    ]
    assert (asked.type, asked.dedupe_key) == ("receipt", "receipt:1")
    assert asked.content is not None
    assert b"Bcc" not in asked.content.head


@pytest.mark.parametrize("how", ["plain", "starttls", "implicit"])
async def test_smtplib_sends(certificate: Certificate, how: str) -> None:
    async with open_door(certificate.server) as door:

        def send() -> None:
            if how == "implicit":
                client: smtplib.SMTP = smtplib.SMTP_SSL("localhost", door.tls_port, context=certificate.client, timeout=10)
            else:
                client = smtplib.SMTP("localhost", door.port, timeout=10)
            with client:
                if how == "starttls":
                    client.starttls(context=certificate.client)
                client.login(USER, PASSWORD)
                assert client.send_message(letter()) == {}

        await in_thread(send)
        check(door)


@pytest.mark.parametrize("mechanism", ["auth_plain", "auth_login"])
@pytest.mark.parametrize("initial", [True, False])
async def test_smtplib_logs_in_every_way_it_knows(mechanism: str, initial: bool) -> None:
    async with open_door() as door:

        def log_in() -> int:
            with smtplib.SMTP("localhost", door.port, timeout=10) as client:
                client.user, client.password = USER, PASSWORD
                client.ehlo()
                code, _ = client.auth(mechanism[5:].upper(), getattr(client, mechanism), initial_response_ok=initial)
                return code

        assert await in_thread(log_in) == 235


async def test_smtplib_hears_the_refusals() -> None:
    async with open_door(limits=SessionLimits(message=1000, login_delay=QUICK.login_delay)) as door:

        def send() -> list[int]:
            heard = []
            with smtplib.SMTP("localhost", door.port, timeout=10) as client:
                client.ehlo()
                heard.append(client.mail("shop@shop.example")[0])
                with pytest.raises(smtplib.SMTPAuthenticationError) as wrong:
                    client.login(USER, "wrong")
                heard.append(wrong.value.smtp_code)
                client.login(USER, PASSWORD)
                with pytest.raises(smtplib.SMTPSenderRefused) as large:
                    client.sendmail("shop@shop.example", ["ann@x.example"], MESSAGE + b"x" * 1000)
                heard.append(large.value.smtp_code)
                client.esmtp_features.pop("size")
                with pytest.raises(smtplib.SMTPDataError) as said:
                    client.sendmail("shop@shop.example", ["ann@x.example"], MESSAGE + b"x" * 1500)
                heard.append(said.value.smtp_code)
                door.notebook.rejection = Rejection("idempotency_conflict", "the key was used")
                with pytest.raises(smtplib.SMTPDataError) as conflict:
                    client.sendmail("shop@shop.example", ["ann@x.example"], MESSAGE)
                return [*heard, conflict.value.smtp_code]

        assert await in_thread(send) == [530, 535, 552, 552, 554]


@pytest.mark.parametrize("how", ["plain", "starttls", "implicit"])
async def test_aiosmtplib_sends(certificate: Certificate, how: str) -> None:
    async with open_door(certificate.server) as door:
        client = aiosmtplib.SMTP(
            hostname="localhost",
            port=door.tls_port if how == "implicit" else door.port,
            use_tls=how == "implicit",
            start_tls=how == "starttls",
            tls_context=None if how == "plain" else certificate.client,
            username=USER,
            password=PASSWORD,
        )
        async with client:
            _, response = await client.send_message(letter())
        assert response == "2.0.0 Ok: msg_1"
        check(door)


async def test_djangos_backend_sends(certificate: Certificate, tmp_path: Path) -> None:
    if not django_settings.configured:
        django_settings.configure(DEFAULT_CHARSET="utf-8")
    async with open_door() as door:

        def send() -> int:
            message = EmailMultiAlternatives("Grüße", "Text", "shop@shop.example", ["ann@x.example"], bcc=["cem@x.example"])
            message.attach_alternative("<p>Text</p>", "text/html")
            backend = EmailBackend(
                host="localhost", port=door.port, username=USER, password=PASSWORD, use_tls=False, use_ssl=False
            )
            return int(backend.send_messages([message]))

        assert await in_thread(send) == 1
        assert [mailbox.address for mailbox in (*door.requests[0].to, *door.requests[0].bcc)] == [
            "ann@x.example",
            "cem@x.example",
        ]


@pytest.mark.parametrize("options", [["--tls"], []], ids=["starttls", "plain"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
async def test_swaks_sends(
    certificate: Certificate, debian_tool: Callable[[str], Path], options: list[str], mechanism: str
) -> None:
    swaks = debian_tool("swaks")
    async with open_door(certificate.server) as door:
        command = [
            str(swaks),
            "--server",
            f"127.0.0.1:{door.port}",
            *options,
            "--auth",
            mechanism,
            "--auth-user",
            USER,
            "--auth-password",
            PASSWORD,
            "--from",
            "shop@shop.example",
            "--to",
            "ann@x.example",
            "--pipeline",
        ]
        ended = await in_thread(lambda: subprocess.run(command, capture_output=True, text=True, timeout=30, check=False))
        assert ended.returncode == 0, ended.stdout
        assert "250 2.0.0 Ok: msg_1" in ended.stdout
        assert len(door.requests) == 1


async def test_a_client_that_trusts_nobody_sends_nothing(certificate: Certificate) -> None:
    async with open_door(certificate.server) as door:

        def send() -> None:
            with smtplib.SMTP("localhost", door.port, timeout=10) as client:
                client.starttls(context=ssl.create_default_context(cadata=None))

        with pytest.raises(ssl.SSLCertVerificationError):
            await in_thread(send)
        assert door.requests == []

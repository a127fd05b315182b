"""What comes back to the running product: reports by SMTP, providers' calls, visits to links; and what is forged."""

import contextlib
import http.client
import json
import smtplib
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from posthouse.mail import link, return_path
from posthouse.mail.link import Link, Purpose, link_key, write
from posthouse.model import ids
from posthouse.store.seal import Sealer
from tests.support.product import Product, command, environment, running

pytestmark = pytest.mark.slow
LOGIN = "user:password"


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    folder = tmp_path_factory.mktemp("returned")
    env = environment(folder / "data", INBOUND="127.0.0.1:0", POSTMARK_WEBHOOK_SECRET=LOGIN, WORKERS="1")
    with running(env) as product:
        yield product


def sealer(product: Product) -> Sealer:
    data = Path(product.env["POSTHOUSE_DATA_DIR"])
    return Sealer(((data / "secret.key").read_text().strip(),), bytes)


def delivered(product: Product, **fields: Any) -> str:
    message = str(
        product.send(**{"to": "jane@example.com", "from": "shop@shop.example", "subject": "Order 7", "text": "Thanks", **fields})[
            "id"
        ]
    )
    product.wait(message, "delivered")
    return message


def place_of(message: str) -> dict[str, Any]:
    found = ids.parse("msg", message)
    assert found is not None
    return {"tenant": 1, "environment": 1, "message": found, "position": 0}


def address(product: Product, message: str) -> str:
    return return_path.token(sealer(product).token_key, *place_of(message).values()) + "@bounce.test"


def report(recipient: str, status: str = "5.1.1") -> str:
    return f"""From: MAILER-DAEMON@mx.example
To: {recipient}
Subject: Undelivered Mail
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; nobody@elsewhere.test
Action: failed
Status: {status}
Diagnostic-Code: smtp; 550 {status} user unknown

--x--
""".replace("\n", "\r\n")


def returned(product: Product, recipient: str, mail: str) -> tuple[int, bytes]:
    host, _, port = str(product.ready["inbound"]).rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=10) as client:
        client.ehlo("mx.example")
        client.docmd("MAIL FROM:<>")
        code, said = client.docmd(f"RCPT TO:<{recipient}>")
        if code != 250:
            return code, said
        return client.data(mail.encode())


def events(product: Product, message: str, wanted: str) -> list[dict[str, Any]]:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        _, view = product.ask("GET", f"/v1/messages/{message}")
        found = [event for event in view["events"] if event["type"] == f"message.{wanted}"]
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"no message.{wanted}")


def listed(product: Product, who: str) -> list[dict[str, Any]]:
    _, page = product.ask("GET", f"/v1/suppressions?address={who}")
    return list(page["data"])


def test_a_report_to_our_return_path_bounces_the_delivery_and_lists_our_address(product: Product) -> None:
    message = delivered(product, to="gone@example.com")
    assert returned(product, address(product, message), report("x"))[0] == 250
    [bounced] = events(product, message, "bounced")
    assert (bounced["data"]["kind"], bounced["data"]["suppressed"], bounced["data"]["enhancedCode"]) == ("hard", True, "5.1.1")
    assert [entry["cause"] for entry in listed(product, "gone@example.com")] == ["hard_bounce"]
    assert listed(product, "nobody@elsewhere.test") == []
    again = product.send(to="gone@example.com", subject="x", text="y", **{"from": "shop@shop.example"})
    assert again["deliveries"][0]["status"] == "suppressed"


def test_what_is_forged_is_refused_at_rcpt_and_changes_nothing(product: Product) -> None:
    message = delivered(product, to="safe@example.com")
    genuine = address(product, message)
    forged = genuine.replace(genuine[20], "a" if genuine[20] != "a" else "b", 1)
    for recipient in (forged, "b+" + "a" * 45 + "@bounce.test", "jane@example.com", "u+" + "a" * 45 + "@bounce.test"):
        code, said = returned(product, recipient, report("x"))
        assert (code, said[:5]) == (550, b"5.1.1"), recipient
    time.sleep(0.5)
    assert listed(product, "safe@example.com") == []


def test_the_operators_mailboxes_are_there_and_land_in_the_inbox(product: Product) -> None:
    assert returned(product, "postmaster@mail.posthouse.test", "Subject: hello operator\r\n\r\nhi\r\n")[0] == 250
    status, page = product.ask("GET", "/v1/inbox?to=postmaster@mail.posthouse.test&wait=5")
    assert (status, page["data"][0]["subject"]) == (200, "hello operator")


def test_returned_mail_by_http_is_the_same(product: Product) -> None:
    message = delivered(product, to="also-gone@example.com")
    recipient = address(product, message).replace("+", "%2B")
    for path, expected in (
        (f"/v1/feedback/raw?recipient={recipient}", 202),
        ("/v1/feedback/raw?recipient=b%2Bnobody", 404),
        ("/v1/feedback/raw", 422),
    ):
        with contextlib.closing(http.client.HTTPConnection(*product.http, timeout=10)) as connection:
            connection.request(
                "POST",
                path,
                report("x"),
                {"Authorization": f"Bearer {product.keys['liveKey']}", "Content-Type": "message/rfc822"},
            )
            assert connection.getresponse().status == expected
    events(product, message, "bounced")


def test_a_providers_call_is_taken_once_and_only_if_it_is_theirs(product: Product) -> None:
    message = delivered(product, to="spam@example.com")
    url = json.loads(command(product.env, "hook", "add", "postmark", "--json").stdout)["url"]
    path = "/hooks/" + url.partition("/hooks/")[2]
    record = {
        "RecordType": "SpamComplaint",
        "ID": 5,
        "Email": "spam@example.com",
        "MessageID": "m",
        "Metadata": {"posthouse_message": message},
    }

    def call(login: str, where: str = path) -> int:
        with contextlib.closing(http.client.HTTPConnection(*product.http, timeout=10)) as connection:
            connection.request(
                "POST", where, json.dumps(record), {"Authorization": "Basic " + b64encode(login.encode()).decode()}
            )
            return connection.getresponse().status

    assert [call("user:wrong"), call(LOGIN, path + "x"), call(LOGIN, path.replace("postmark", "resend"))] == [401, 404, 404]
    assert [call(LOGIN), call(LOGIN)] == [200, 200]
    assert len(events(product, message, "complained")) == 1
    assert [entry["cause"] for entry in listed(product, "spam@example.com")] == ["complaint"]


def visit(product: Product, method: str, path: str, agent: str = "Mozilla/5.0") -> tuple[int, str | None, bytes]:
    with contextlib.closing(http.client.HTTPConnection(*product.http, timeout=10)) as connection:
        connection.request(method, path, headers={"User-Agent": agent})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Location"), answer.read()


def test_links_lead_where_they_were_made_to_and_nowhere_else(product: Product) -> None:
    message = delivered(product, to="reader@example.com", type="newsletter", stream="marketing")
    key = link_key(sealer(product).token_key)
    target = "https://shop.example/a?b=1&c=%20d#e"
    click = write(key, Link(purpose=Purpose.CLICK, **place_of(message), target=target))
    assert visit(product, "GET", f"/t/c/{click}")[:2] == (302, target)
    assert visit(product, "GET", f"/t/c/{click[:-1]}")[0] == 404
    assert visit(product, "GET", f"/t/o/{click}")[0] == 404
    assert events(product, message, "clicked")[0]["data"]["url"] == target
    picture = write(key, Link(purpose=Purpose.OPEN, **place_of(message)))
    assert visit(product, "GET", f"/t/o/{picture}", "GoogleImageProxy")[2][:6] == b"GIF89a"
    assert events(product, message, "opened")[0]["data"]["bot"] is True
    out = write(key, Link(purpose=Purpose.UNSUBSCRIBE, **place_of(message)))
    assert visit(product, "GET", f"/u/{out}")[0] == 200
    assert listed(product, "reader@example.com") == []
    assert [visit(product, "POST", f"/u/{out}")[0] for _ in range(2)] == [200, 200]
    events(product, message, "unsubscribed")
    assert [(entry["cause"], entry["stream"]) for entry in listed(product, "reader@example.com")] == [
        ("unsubscribe", "marketing")
    ]
    receipt = product.send(
        to="reader@example.com", subject="Receipt", text="9 EUR", type="receipt", **{"from": "shop@shop.example"}
    )
    assert receipt["deliveries"][0]["status"] == "queued"


def test_the_way_out_by_mail_works_too(product: Product) -> None:
    message = delivered(product, to="quiet@example.com", type="newsletter", stream="marketing")
    local = link.write_address(link_key(sealer(product).token_key), Link(purpose=Purpose.UNSUBSCRIBE, **place_of(message)))
    assert returned(product, f"{local}@bounce.test", "Subject: unsubscribe\r\n\r\n.\r\n")[0] == 250
    events(product, message, "unsubscribed")

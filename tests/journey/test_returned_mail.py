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
from posthouse.mail.link import Link, LinkPurpose, link_key, write
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


def returned(product: Product, recipient: str, mail: str, sender: str = "") -> tuple[int, bytes]:
    host, _, port = str(product.ready["inbound"]).rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=10) as client:
        client.ehlo("mx.example")
        client.docmd(f"MAIL FROM:<{sender}>")
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
    assert bounced["data"]["replyCode"] == 550
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
        return asked(login, where)[0]

    def asked(login: str, where: str = path) -> tuple[int, str | None]:
        with contextlib.closing(http.client.HTTPConnection(*product.http, timeout=10)) as connection:
            connection.request(
                "POST", where, json.dumps(record), {"Authorization": "Basic " + b64encode(login.encode()).decode()}
            )
            answer = connection.getresponse()
            return answer.status, answer.getheader("WWW-Authenticate")

    assert asked("user:wrong") == (401, 'Basic realm="posthouse", charset="UTF-8"')
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
    click = write(key, Link(purpose=LinkPurpose.CLICK, **place_of(message), target=target))
    assert visit(product, "GET", f"/t/c/{click}")[:2] == (302, target)
    assert visit(product, "GET", f"/t/c/{click[:-1]}")[0] == 404
    assert visit(product, "GET", f"/t/o/{click}")[0] == 404
    assert events(product, message, "clicked")[0]["data"]["url"] == target
    picture = write(key, Link(purpose=LinkPurpose.OPEN, **place_of(message)))
    assert visit(product, "GET", f"/t/o/{picture}", "GoogleImageProxy")[2][:6] == b"GIF89a"
    assert events(product, message, "opened")[0]["data"]["bot"] is True
    out = write(key, Link(purpose=LinkPurpose.UNSUBSCRIBE, **place_of(message)))
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
    local = link.write_address(link_key(sealer(product).token_key), Link(purpose=LinkPurpose.UNSUBSCRIBE, **place_of(message)))
    assert returned(product, f"{local}@bounce.test", "Subject: unsubscribe\r\n\r\n.\r\n")[0] == 250
    events(product, message, "unsubscribed")


PERSON = "jane@reader.test"


def letter(recipient: str, subject: str = "Re: Order 7", text: str = "Where is it?", fields: str = "") -> str:
    head = (
        f"{fields}From: Jane <{PERSON}>\nTo: {recipient}\nSubject: {subject}\nMessage-ID: "
        f"<{subject.replace(' ', '')}@reader.test>\n"
    )
    return f"{head}\n{text}\n".replace("\n", "\r\n")


def in_the_inbox(product: Product, who: str) -> list[dict[str, Any]]:
    _, page = product.ask("GET", f"/v1/inbox?to={who}&wait=10")
    return list(page["data"])


def test_a_persons_answer_is_an_event_and_goes_to_the_streams_reply_address(product: Product) -> None:
    assert product.ask("PUT", "/v1/streams/orders", {"replyTo": "help@desk.test"})[0] == 200
    message = delivered(product, to="jane@example.com", stream="orders", type="order_confirmation")
    recipient = address(product, message)
    assert returned(product, recipient, letter(recipient), PERSON)[0] == 250
    [replied] = events(product, message, "replied")
    assert (replied["data"]["author"], replied["data"]["forwarded"]) == (PERSON, True)
    [item] = in_the_inbox(product, "help@desk.test")
    assert (item["subject"], item["messageId"]) == ("Re: Order 7", replied["data"]["forwardedAs"])
    assert item["text"].strip() == "Where is it?"
    fields = {field["name"].lower(): field["value"] for field in item["headers"]}
    assert fields["from"] == f"Jane <{PERSON}>"
    assert fields["resent-to"] == "help@desk.test"
    assert "dkim-signature" not in fields
    assert returned(product, recipient, letter(recipient), PERSON)[0] == 250
    assert returned(product, recipient, letter(recipient, "Re: Again"), PERSON)[0] == 250
    until = time.monotonic() + 20
    while len(in_the_inbox(product, "help@desk.test")) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    assert len(events(product, message, "replied")) == 2
    assert len(in_the_inbox(product, "help@desk.test")) == 2
    status, page = product.ask("GET", f"/v1/messages/{message}")
    assert (status, page["status"]) == (200, "delivered")


def test_an_answer_that_is_too_large_to_be_handed_on_is_refused_so_that_its_author_hears(product: Product) -> None:
    recipient = address(product, delivered(product))
    large = letter(recipient, text="\n".join(["x" * 70] * 80_000))
    assert returned(product, recipient, large, PERSON)[:1] == (552,)
    assert returned(product, recipient, large, "")[0] == 250  # a report is cut: it says what it has to say at its beginning


def test_a_delay_an_automatic_reply_and_the_end_all_come_to_one_address_and_count_once_each(product: Product) -> None:
    message = delivered(product, to="slow@example.com")
    recipient = address(product, message)
    late = report(recipient, "4.4.1").replace("Action: failed", "Action: delayed").replace("550 4.4.1 user unknown", "timed out")
    away = letter(recipient, "Automatic reply: Order 7", "I am away.", "Auto-Submitted: auto-replied\n")
    for mail, sender in (
        (late, ""),
        (away, PERSON),
        (late, ""),
        (report(recipient), ""),
        (away, PERSON),
        (report(recipient), ""),
    ):
        assert returned(product, recipient, mail, sender)[0] == 250
    events(product, message, "bounced")
    time.sleep(1.0)
    _, view = product.ask("GET", f"/v1/messages/{message}")
    said = [event["type"].removeprefix("message.") for event in view["events"]]
    assert said[:2] == ["queued", "delivered"]
    assert sorted(said[2:]) == ["auto_replied", "bounced", "delayed"]
    assert view["status"] == "bounced"
    _, page = product.ask("GET", "/v1/events?limit=200")
    assert {"message.auto_replied", "message.delayed"} <= {event["type"] for event in page["data"]}


def test_who_leaves_a_list_by_mail_still_gets_receipts(product: Product) -> None:
    message = delivered(product, to="leaver@example.com", type="newsletter", stream="marketing")
    local = link.write_address(link_key(sealer(product).token_key), Link(purpose=LinkPurpose.UNSUBSCRIBE, **place_of(message)))
    for _ in range(2):
        assert returned(product, f"{local.upper()}@bounce.test", "Subject: unsubscribe\r\n\r\n.\r\n", PERSON)[0] == 250
    assert len(events(product, message, "unsubscribed")) == 1
    assert [(entry["cause"], entry["stream"], entry["address"]) for entry in listed(product, "leaver@example.com")] == [
        ("unsubscribe", "marketing", "leaver@example.com")
    ]
    assert listed(product, PERSON) == []  # whoever wrote it: the list is about our delivery
    fields = {"to": "leaver@example.com", "subject": "x", "text": "y", "from": "shop@shop.example"}
    again = product.send(type="newsletter", stream="marketing", **fields)
    assert again["deliveries"][0]["status"] == "suppressed"
    assert product.send(type="receipt", **fields)["deliveries"][0]["status"] == "queued"


def test_mail_to_the_operators_mailboxes_goes_to_the_operator_that_is_set(tmp_path: Path) -> None:
    env = environment(tmp_path / "data", INBOUND="127.0.0.1:0", OPERATOR="ops@operator.test", WORKERS="1")
    with running(env) as other:
        for local in ("postmaster", "abuse"):
            mail = letter(f"{local}@mail.posthouse.test", f"To {local}", "Please look.")
            assert returned(other, f"{local}@mail.posthouse.test", mail, PERSON)[0] == 250
        until = time.monotonic() + 20
        while len(in_the_inbox(other, "ops@operator.test")) < 2 and time.monotonic() < until:
            time.sleep(0.05)
        assert {item["subject"] for item in in_the_inbox(other, "ops@operator.test")} == {"To postmaster", "To abuse"}
        robot = letter("abuse@mail.posthouse.test", "A complaint", "Spam.", "Auto-Submitted: auto-generated\n")
        assert returned(other, "abuse@mail.posthouse.test", robot, PERSON)[0] == 250
        assert [item["subject"] for item in in_the_inbox(other, "abuse@mail.posthouse.test")] == ["A complaint"]

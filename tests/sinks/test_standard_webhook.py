"""Standard Webhooks: strangers' libraries verify what we sign, and every answer means something."""

import base64
import hmac
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import standardwebhooks
import svix.webhooks

from posthouse.model.http import HttpRequest, HttpResponse, NoAnswer, NoAnswerReason
from posthouse.model.webhook_event import EventFacts, WebhookEvent, public_event
from posthouse.policy.webhooks import DecodedAnswer, WebhookAnswer
from posthouse.sinks import standard_webhook
from posthouse.sinks.registry import SINKS
from posthouse.sinks.standard_webhook import decode, encode, shown
from tests.support.rows import new_id

NOW = datetime(2026, 11, 23, 12, 0, 0, 250_000, tzinfo=UTC)
OLD, NEW = bytes(range(32)), bytes(range(32, 64))
EVENT = WebhookEvent(
    id="evt_01k9p2m4x7c8v5b3n6q1w0e9rt",
    type="message.delivered",
    timestamp=NOW,
    data={"messageId": "msg_1", "recipient": "jörg@example.com", "sequence": 2, "willRetryAt": NOW + timedelta(seconds=60)},
)
URL = "https://app.example.com/hook"
SVIX = Path(__file__).resolve().parents[2] / ".cache" / "svix"


def request(*secrets: bytes, now: datetime | None = None) -> HttpRequest:
    return encode(EVENT, URL, secrets or (NEW,), now or datetime.now(UTC))


@pytest.mark.parametrize("library", [standardwebhooks.Webhook, svix.webhooks.Webhook])
@pytest.mark.parametrize("secrets", [(NEW,), (NEW, OLD), (OLD, NEW)])
def test_strangers_verify_it_under_every_secret_that_signs(library: Any, secrets: tuple[bytes, ...]) -> None:
    made = request(*secrets)
    for secret in secrets:
        library(shown(secret)).verify(made.body, dict(made.headers))  # raises where it does not fit


def test_svix_verifies_it_by_the_svix_names_alone() -> None:
    made = request()
    headers = {name: value for name, value in made.headers if name.startswith("svix-")}
    svix.webhooks.Webhook(shown(NEW)).verify(made.body, headers)


@pytest.mark.parametrize("library", [standardwebhooks.Webhook, svix.webhooks.Webhook])
@pytest.mark.parametrize("change", ["body", "secret", "stamp", "old"])
def test_strangers_refuse_what_was_changed(library: Any, change: str) -> None:
    made = request(now=datetime.now(UTC) - timedelta(hours=1) if change == "old" else None)
    headers, body = dict(made.headers), made.body + (b" " if change == "body" else b"")
    if change == "stamp":
        headers = {name: str(int(value) + 1) if name.endswith("timestamp") else value for name, value in headers.items()}
    with pytest.raises(Exception, match=r"signature|Signature|timestamp|old"):
        library(shown(OLD if change == "secret" else NEW)).verify(body, headers)


def test_the_bytes_are_the_contracts() -> None:
    made = encode(EVENT, URL, (NEW,), NOW)
    assert (made.method, made.url, made.repeatable) == ("POST", URL, True)
    assert (
        made.body
        == (
            '{"id":"evt_01k9p2m4x7c8v5b3n6q1w0e9rt","type":"message.delivered","timestamp":"2026-11-23T12:00:00.250Z","data":'
            '{"messageId":"msg_1","recipient":"jörg@example.com","sequence":2,"willRetryAt":"2026-11-23T12:01:00.250Z"}}'
        ).encode()
    )
    headers = dict(made.headers)
    signature = base64.b64encode(hmac.digest(NEW, f"{EVENT.id}.1795435200.".encode() + made.body, "sha256")).decode()
    assert headers["webhook-id"] == headers["svix-id"] == EVENT.id
    assert headers["webhook-timestamp"] == headers["svix-timestamp"] == "1795435200"
    assert headers["webhook-signature"] == headers["svix-signature"] == f"v1,{signature}"
    assert headers["content-type"] == "application/json"


def test_a_retry_has_the_same_id_and_body_and_a_fresh_signature() -> None:
    first, second = encode(EVENT, URL, (NEW,), NOW), encode(EVENT, URL, (NEW,), NOW + timedelta(hours=2))
    assert first.body == second.body
    differing = {name for (name, one), (_, other) in zip(first.headers, second.headers, strict=True) if one != other}
    assert differing == {"webhook-timestamp", "webhook-signature", "svix-timestamp", "svix-signature"}


LATER = "Mon, 23 Nov 2026 12:10:00 GMT"
ANSWERS = [
    (200, (), DecodedAnswer(WebhookAnswer.DELIVERED)),
    (204, (), DecodedAnswer(WebhookAnswer.DELIVERED)),
    (301, (("location", "http://127.0.0.1/"),), DecodedAnswer(WebhookAnswer.FAILED)),
    (400, (), DecodedAnswer(WebhookAnswer.FAILED)),
    (404, (), DecodedAnswer(WebhookAnswer.FAILED)),
    (410, (), DecodedAnswer(WebhookAnswer.GONE)),
    (429, (("retry-after", "120"),), DecodedAnswer(WebhookAnswer.LATER, timedelta(seconds=120))),
    (429, (), DecodedAnswer(WebhookAnswer.LATER)),
    (503, (("retry-after", LATER),), DecodedAnswer(WebhookAnswer.LATER, timedelta(minutes=10) - timedelta(milliseconds=250))),
    (503, (("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT"),), DecodedAnswer(WebhookAnswer.LATER, timedelta(0))),
    (503, (("retry-after", "soon"),), DecodedAnswer(WebhookAnswer.LATER)),
    (500, (("retry-after", "120"),), DecodedAnswer(WebhookAnswer.FAILED)),
    (502, (), DecodedAnswer(WebhookAnswer.FAILED)),
]


@pytest.mark.parametrize(("status", "headers", "expected"), ANSWERS)
def test_every_answer_means_something(status: int, headers: tuple[tuple[str, str], ...], expected: DecodedAnswer) -> None:
    assert decode(HttpResponse(status=status, headers=headers), NOW) == expected


def test_no_answer_is_a_failure_whatever_left() -> None:
    assert decode(NoAnswer(reason=NoAnswerReason.TIMED_OUT, text="", fully_sent=True), NOW) == DecodedAnswer(WebhookAnswer.FAILED)


def test_an_event_is_told_with_what_applies_to_it() -> None:
    message, event = new_id(NOW), new_id(NOW)
    facts = EventFacts(
        id=event,
        type="message.bounced",
        at=NOW,
        message=message,
        recipient="a@b.example",
        message_type="receipt",
        stream="transactional",
        tags=[],
        metadata={"k": "v"},
        data={"reason": "no_such_mailbox", "replyCode": 550, "kind": None},
        sequence=3,
    )
    told = public_event(facts, "live")
    assert told.id.startswith("evt_")
    assert set(told.data) == {
        "messageId",
        "recipient",
        "messageType",
        "stream",
        "environment",
        "metadata",
        "sequence",
        "reason",
        "replyCode",
    }


def test_every_sink_of_the_registry_does_what_a_sink_does() -> None:
    for sink in SINKS.values():
        made = sink.encode(EVENT, URL, (NEW,), NOW)
        assert made.url == URL
        assert sink.decode(HttpResponse(status=200), NOW).meaning is WebhookAnswer.DELIVERED
        assert sink.decode(HttpResponse(status=410), NOW).meaning is WebhookAnswer.GONE


def test_a_secret_is_shown_as_libraries_want_it() -> None:
    assert shown(NEW) == standard_webhook.PREFIX + base64.b64encode(NEW).decode()


JS = """
const { Webhook } = require("svix");
const { secret, headers, body } = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(new Webhook(secret).verify(body, headers)));
"""


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_svix_of_npm_verifies_it() -> None:
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("REFEREE MISSING: node and npm, for Svix's npm package")
    if not (SVIX / "node_modules" / "svix").exists():
        SVIX.mkdir(parents=True, exist_ok=True)
        got = subprocess.run(
            [npm, "install", "--prefix", SVIX, "--no-audit", "--no-fund", "svix@1"], capture_output=True, text=True, check=False
        )
        if got.returncode:
            pytest.skip(f"REFEREE MISSING: npm cannot install svix: {got.stderr[-200:]}")
    for made, secret in ((request(NEW), NEW), (request(NEW, OLD), OLD)):
        given = json.dumps({"secret": shown(secret), "headers": dict(made.headers), "body": made.body.decode()})
        ended = subprocess.run(
            [node, "-e", JS],
            input=given,
            capture_output=True,
            text=True,
            cwd=SVIX,
            env=os.environ | {"NODE_PATH": str(SVIX / "node_modules")},
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        assert json.loads(ended.stdout) == json.loads(made.body)

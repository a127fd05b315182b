"""Ten thousand forged bounces and complaints suppress nobody and leave nothing behind, and a genuine one among them is heard at
once.

S-25 of the faults: whoever can make us believe that an address is dead locks its owner out. The long form is for `make soak`.
"""

import asyncio
import os
import random
import smtplib
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from posthouse.doors.inbound.rate_limit import ROOM
from posthouse.mail import return_path
from posthouse.model import ids
from posthouse.store.seal import Sealer
from tests.support.forgeries import Answers, forgeries, offer
from tests.support.product import Product, environment, running

RATE = 500.0
WITHIN = 3.0  # seconds; 0.2 on a quiet machine
GROWTH = 2 << 20  # octets, all of it: the sample of fifty, what two genuine reports write, and the server's own housekeeping
DOMAIN = "bounce.test"


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    with running(environment(tmp_path / "data", INBOUND="127.0.0.1:0", WORKERS="1")) as product:
        yield product


def report(recipient: str) -> bytes:
    return f"""From: MAILER-DAEMON@mx.example
To: {recipient}
Subject: Undelivered Mail
Content-Type: multipart/report; report-type=delivery-status; boundary="x"

--x
Content-Type: message/delivery-status

Final-Recipient: rfc822; victim@example.com
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 user unknown

--x--
""".replace("\n", "\r\n").encode()


def complaint(recipient: str) -> bytes:
    return f"""From: fbl@mx.example
To: {recipient}
Subject: Complaint
Content-Type: multipart/report; report-type=feedback-report; boundary="x"

--x
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: x/1
Version: 1
Original-Rcpt-To: victim@example.com

--x--
""".replace("\n", "\r\n").encode()


def delivered(product: Product, to: str) -> str:
    """A delivered message's return path."""
    message = str(product.send(to=to, subject="Order 7", text="Thanks", **{"from": "shop@shop.example"})["id"])
    product.wait(message, "delivered")
    found = ids.parse("msg", message)
    assert found is not None
    secret = (Path(product.env["POSTHOUSE_DATA_DIR"]) / "secret.key").read_text().strip()
    return return_path.token(Sealer((secret,), bytes).token_key, 1, 1, found, 0)


def inbound(product: Product) -> tuple[str, int]:
    host, _, port = str(product.ready["inbound"]).rpartition(":")
    return host, int(port)


def listed(product: Product, who: str = "") -> list[dict[str, Any]]:
    _, page = product.ask("GET", f"/v1/suppressions{f'?address={who}' if who else ''}")
    return list(page["data"])


def heard_within(product: Product, local: str, who: str, mail: bytes) -> float:
    """Seconds from the beginning of the session to the entry."""
    began = time.monotonic()
    with smtplib.SMTP(*inbound(product), timeout=10) as session:
        session.sendmail("", [f"{local}@{DOMAIN}"], mail)
    while not listed(product, who):
        assert time.monotonic() - began < 10, f"{who} is not on the list"
        time.sleep(0.02)
    return time.monotonic() - began


def on_disk(product: Product) -> int:
    """Octets under the data directory; the write-ahead log apart, whose files are made ahead and used again."""
    folder = Path(product.env["POSTHOUSE_DATA_DIR"])
    return sum(file.stat().st_size for file in folder.rglob("*") if "pg_wal" not in file.parts and file.is_file())


def worked(product: Product) -> float:
    """Seconds of processor time of the door for returned mail, so far."""
    [pid] = product.children("posthouse.app.child inbound")
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def attack(product: Product, count: int, genuine: dict[str, bytes], paths: dict[str, str]) -> tuple[Answers, list[float]]:
    given = forgeries(paths["victim@example.com"], report, complaint, DOMAIN, random.Random(7))
    offering = asyncio.create_task(offer(inbound(product), product.http, product.keys["liveKey"], given, count, RATE))
    waits = []
    for who, mail in genuine.items():
        await asyncio.sleep(count / RATE / (len(genuine) + 1))
        assert not offering.done()
        waits.append(await asyncio.to_thread(heard_within, product, paths[who], who, mail))
    return await offering, waits


@pytest.mark.parametrize("count", [pytest.param(2_000, marks=pytest.mark.slow), pytest.param(10_000, marks=pytest.mark.soak)])
def test_forged_returns_suppress_nobody_and_a_genuine_one_among_them_is_heard_at_once(product: Product, count: int) -> None:
    genuine = {"gone@example.com": report("x"), "annoyed@example.com": complaint("x")}
    paths = {who: delivered(product, who) for who in (*genuine, "victim@example.com")}
    before, idle, log = on_disk(product), worked(product), Path(product.env["POSTHOUSE_DATA_DIR"]) / "serve.log"
    answers, waits = asyncio.run(attack(product, count, genuine, paths))
    grown, rate = on_disk(product) - before, count / answers.seconds
    share = (worked(product) - idle) / answers.seconds
    late = statistics.quantiles(answers.late, n=100)
    sys.stdout.write(
        f"\n{count:,} offered at {RATE:.0f}/s, answered at {rate:.0f}/s: {dict(answers.codes)}; p50 {late[49] * 1000:.1f} ms,"
        f" p99 {late[98] * 1000:.1f} ms; genuine listed after {', '.join(f'{wait:.2f} s' for wait in waits)};"
        f" {grown / 1024:.0f} KB on disk, {share:.0%} of a core at the door, {log.stat().st_size:,} octets of log\n"
    )
    assert {entry["address"]: entry["cause"] for entry in listed(product)} == {
        "gone@example.com": "hard_bounce",
        "annoyed@example.com": "complaint",
    }
    assert max(waits) <= WITHIN
    assert grown <= GROWTH
    assert 0 < log.stat().st_size < 2_000  # a sample, of no address
    assert "b+" not in log.read_text()
    assert set(answers.codes) == {("smtp", 550), ("smtp", 250), ("smtp", 452), ("http", 404)}
    assert ROOM <= answers.codes["smtp", 250] <= ROOM + 5  # of the complaints to abuse@; the others are to come again later
    assert answers.codes.total() == count
    assert rate > 0.9 * RATE
    assert share <= rate / 10 * 0.01  # S-25

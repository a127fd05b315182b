"""A producer that keeps a ledger of what was promised, and a killer that takes a random victim a second."""

import contextlib
import http.client
import json
import os
import random
import signal
import smtplib
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.product import Product

STOPPED_FOR = 14.0
RETRIES = 200


@dataclass
class Promises:
    """What was answered 202: message id by recipient; and what was refused meanwhile, as it should be."""

    accepted: dict[str, str] = field(default_factory=dict)
    unavailable: int = 0
    wrong: list[str] = field(default_factory=list)


def produce(product: Product, kind: str, rate: float, seconds: float, promises: Promises, local: str) -> None:
    """Send at a rate; a request that fails is repeated with its key, as a careful client would."""
    began = time.monotonic()
    for number in range(int(rate * seconds)):
        pause = began + number / rate - time.monotonic()
        if pause > 0:
            time.sleep(pause)
        _promise(product, kind, f"{local}+{number}@sink.example", promises)


def _promise(product: Product, kind: str, recipient: str, promises: Promises) -> None:
    request = {
        "to": recipient,
        "from": "shop@shop.example",
        "subject": f"For {recipient}",
        "text": "Hello.\n",
        "type": kind,
        "dedupeKey": recipient,
    }
    for _ in range(RETRIES):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
            status, answer = product.ask("POST", "/v1/send", request)
            if status == 202:
                promises.accepted[recipient] = answer["id"]
                return
            if status != 503:
                promises.wrong.append(f"{status} {answer}")
                return
            promises.unavailable += 1
        time.sleep(0.05)
    promises.wrong.append("never answered")


def kill_at_random(product: Product, seconds: float, seed: int, *, freeze: bool = False) -> list[str]:
    """Each second one of doors, worker, Postgres by turn; once a worker is stopped beyond its lease. What was done."""
    chance, done = random.Random(seed), []
    turns = ["doors", "worker", "postgres"]
    frozen: list[int] = []
    began = time.monotonic()
    turn = 0
    while time.monotonic() - began < seconds:
        time.sleep(1.0)
        word = turns[turn % len(turns)]
        turn += 1
        victims = [
            pid
            for pid in product.children("postgres -D" if word == "postgres" else f"posthouse.app.child {word}")
            if pid not in frozen
        ]
        if not victims:
            continue
        victim = victims[0] if word == "postgres" else chance.choice(victims)
        if freeze and not frozen and word == "worker":
            os.kill(victim, signal.SIGSTOP)
            frozen.append(victim)
            threading.Timer(STOPPED_FOR, _thaw, [victim]).start()
            done.append(f"stop {word}")
            continue
        with contextlib.suppress(ProcessLookupError):
            os.kill(victim, signal.SIGKILL)
            done.append(f"kill {word}")
    return done


def _thaw(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


def ledger(path: Path) -> list[dict[str, str]]:
    """What the sink wrote down before it answered."""
    lines = path.read_text().splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def submit(product: Product, sender: str, recipient: str, subject: str, **headers: str) -> str:
    """A mail by smtplib over the submission door; the last reply's text."""
    lines = [f"From: {sender}", f"To: {recipient}", f"Subject: {subject}", *(f"{n}: {v}" for n, v in headers.items())]
    with smtplib.SMTP(*product.smtp, timeout=10) as session:
        session.login(product.keys["smtp"]["username"], product.keys["smtp"]["password"])
        session.mail(sender)
        session.rcpt(recipient)
        code, said = session.data(("\r\n".join([*lines, "", "Hello."])).encode())
    return f"{code} {said.decode()}"

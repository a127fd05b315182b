"""A database that stands still for seconds, and listeners that lose NOTIFYs meanwhile, delay mail by little more than that."""

import asyncio
import base64
import contextlib
import os
import signal
import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from posthouse.store.postgres.embedded import join
from tests.support.product import Product, descendants, environment, running

LETTER = {"to": "ada@ada.example", "from": "shop@shop.example", "subject": "Hi", "text": "Hi"}
STANDS_STILL = 4.0
_END = "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'posthouse listen'"
WITHIN = 12.0  # twice the six seconds that hold on a quiet machine


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_mail_accepted_around_a_stop_of_the_database_leaves_within_seconds(tmp_path: Path) -> None:
    with running(environment(tmp_path / "var", WORKERS="2")) as product:
        accepted: dict[str, float] = {}
        over = threading.Event()
        sending = [threading.Thread(target=_send, args=(product, kind, accepted, over)) for kind in ("password_reset", "receipt")]
        for thread in sending:
            thread.start()
        time.sleep(1.0)
        with _standing_still(product):
            time.sleep(STANDS_STILL)
        _end_listeners(product)
        time.sleep(2.0)
        over.set()
        for thread in sending:
            thread.join()
        assert len(accepted) > 20
        waited = [_latency(product, message) for message in accepted]
        assert max(waited) < WITHIN


ANSWERED_WITHIN = 10.0  # twice the five seconds that hold on a quiet machine


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_database_that_hangs_is_said_to_be_away_and_then_goes_on(tmp_path: Path) -> None:
    with running(environment(tmp_path / "var", WORKERS="1")) as product:
        patient = replace(product, answer_seconds=30.0)
        assert patient.ask("POST", "/v1/send", LETTER)[0] == 202
        answers: list[tuple[float, Any]] = []
        asking = [threading.Thread(target=_ask, args=(patient, answers, call)) for call in (_over_http, _over_smtp, _read)]
        with _standing_still(product):
            time.sleep(0.2)
            for thread in asking:
                thread.start()
            for thread in asking:
                thread.join()
        assert {answer for _, answer in answers} == {"http 503", "smtp 451", "read 503"}
        assert max(took for took, _ in answers) < ANSWERED_WITHIN
        until = time.monotonic() + 20
        while patient.ask("POST", "/v1/send", LETTER)[0] != 202:
            assert time.monotonic() < until
            time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(60)
def test_an_idle_host_of_two_cores_has_at_most_sixteen_connections(tmp_path: Path) -> None:
    with running(environment(tmp_path / "var", WORKERS="2")) as product:
        time.sleep(1.0)
        dsn = join(Path(product.env["POSTHOUSE_DATA_DIR"]))
        assert dsn is not None
        assert _count(dsn, "select count(*) from pg_stat_activity where application_name like 'posthouse%'") <= 16


def _ask(product: Product, answers: list[tuple[float, Any]], call: Callable[[Product], str]) -> None:
    began = time.monotonic()
    answer = call(product)
    answers.append((time.monotonic() - began, answer))


def _over_http(product: Product) -> str:
    return f"http {product.ask('POST', '/v1/send', LETTER)[0]}"


def _read(product: Product) -> str:
    return f"read {product.ask('GET', '/v1/messages')[0]}"


def _over_smtp(product: Product) -> str:
    with smtplib.SMTP(*product.smtp, timeout=30) as session:
        session.ehlo()
        code, _ = session.docmd("AUTH PLAIN", base64.b64encode(f"\0any\0{product.keys['liveKey']}".encode()).decode())
        if code == 235:
            session.mail("shop@shop.example")
            session.rcpt("ada@ada.example")
            code, _ = session.data(b"From: shop@shop.example\r\nSubject: Hi\r\n\r\nHi\r\n")
        return f"smtp {451 if code in (451, 454) else code}"


def _count(dsn: str, query: str) -> int:
    async def count() -> int:
        connection = await asyncpg.connect(dsn)
        found = await connection.fetchval(query)
        await connection.close()
        return int(found)

    return asyncio.run(count())


def _send(product: Product, kind: str, accepted: dict[str, float], over: threading.Event) -> None:
    while not over.is_set():
        with contextlib.suppress(OSError):
            status, answer = product.ask("POST", "/v1/send", LETTER | {"type": kind})
            if status == 202:
                accepted[answer["id"]] = time.monotonic()
        time.sleep(0.05)


def _latency(product: Product, message: str) -> float:
    return float(product.wait(message, "delivered", seconds=60)["deliveries"][0]["latencySeconds"])


@contextlib.contextmanager
def _standing_still(product: Product) -> Iterator[None]:
    """Every process of Postgres is stopped; those that would be forked meanwhile wait for the postmaster."""
    postgres = {pid for parent in product.children("postgres") for pid in (parent, *descendants(parent))}
    assert len(postgres) > 5
    for pid in postgres:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in postgres:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


def _end_listeners(product: Product) -> None:
    dsn = join(Path(product.env["POSTHOUSE_DATA_DIR"]))
    assert dsn is not None

    async def end() -> int:
        connection = await asyncpg.connect(dsn)
        ended = await connection.fetchval(_END)
        await connection.close()
        return int(ended)

    assert asyncio.run(end()) >= 3

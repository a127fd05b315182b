"""A database that stands still for seconds, and listeners that lose NOTIFYs meanwhile, delay mail by little more than that."""

import asyncio
import contextlib
import os
import signal
import threading
import time
from pathlib import Path

import asyncpg
import pytest

from posthouse.store.postgres.embedded import join
from tests.support.product import Product, descendants, environment, running

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
        _stand_still(product, STANDS_STILL)
        _end_listeners(product)
        time.sleep(2.0)
        over.set()
        for thread in sending:
            thread.join()
        assert len(accepted) > 20
        waited = [_latency(product, message) for message in accepted]
        assert max(waited) < WITHIN


def _send(product: Product, kind: str, accepted: dict[str, float], over: threading.Event) -> None:
    while not over.is_set():
        with contextlib.suppress(OSError):
            mail = {"to": "ada@ada.example", "from": "shop@shop.example", "subject": "Hi", "text": "Hi", "type": kind}
            status, answer = product.ask("POST", "/v1/send", mail)
            if status == 202:
                accepted[answer["id"]] = time.monotonic()
        time.sleep(0.05)


def _latency(product: Product, message: str) -> float:
    return float(product.wait(message, "delivered", seconds=60)["deliveries"][0]["latencySeconds"])


def _stand_still(product: Product, seconds: float) -> None:
    """Stop every process of Postgres, also those that begin or fork meanwhile would wait for the postmaster."""
    postgres = {pid for parent in product.children("postgres") for pid in (parent, *descendants(parent))}
    assert len(postgres) > 5
    for pid in postgres:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
    time.sleep(seconds)
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

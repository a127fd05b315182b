"""SIGTERM under load: who waits for something is answered, who comes is refused, what was accepted leaves, and it ends soon."""

import http.client
import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.mailer import SENDER
from tests.support.peers import peers
from tests.support.product import Product, environment, running
from tests.support.signatures import trust

POLLS = 50
WITHIN = 8.0  # seconds for the end; 3 on a quiet machine


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_fifty_long_polls_and_a_load_end_within_seconds_and_nobody_hangs(tmp_path: Path) -> None:
    with peers() as around:
        relay = around.open("x.test")
        env = environment(tmp_path / "var", ROUTES=f"smtp://127.0.0.1:{relay.port}", WORKERS="1")
        with running(env) as product:
            trust(env, "shop.example")
            polls: list[Any] = []
            threads = [threading.Thread(target=_poll, args=(product, polls)) for _ in range(POLLS)]
            longest: list[float] = []
            accepted: list[str] = []
            threads.append(threading.Thread(target=_send, args=(product, accepted, longest)))
            for thread in threads:
                thread.start()
            time.sleep(2.0)
            began = time.monotonic()
            assert product.stop() == 0
            took = time.monotonic() - began
            for thread in threads:
                thread.join(20)
            assert not any(thread.is_alive() for thread in threads)
        assert polls == [(200, {"data": [], "nextCursor": None})] * POLLS
        assert took < WITHIN
        assert max(longest) < WITHIN
        assert len(accepted) > 20
        with running(env, keys=product.keys) as again:
            for message in accepted:
                view = again.wait(message, "sent")
                assert [attempt["number"] for attempt in view["deliveries"][0]["attempts"]] == [1]


def _poll(product: Product, answers: list[Any]) -> None:
    try:
        answers.append(replace(product, answer_seconds=40.0).ask("GET", "/v1/inbox?wait=30", key=product.keys["testKey"]))
    except (OSError, http.client.HTTPException) as error:
        answers.append(error)


def _send(product: Product, accepted: list[str], longest: list[float]) -> None:
    """Send until the doors are closed; how long the slowest answer, or refusal, took."""
    while True:
        began = time.monotonic()
        try:
            status, answer = product.ask(
                "POST", "/v1/send", {"to": "ada@x.test", "from": SENDER, "subject": "Hi", "text": "Hi", "type": "password_reset"}
            )
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            longest.append(time.monotonic() - began)
            if product.process.poll() is not None:
                return
            time.sleep(0.02)
            continue
        longest.append(time.monotonic() - began)
        if status == 202:
            accepted.append(answer["id"])

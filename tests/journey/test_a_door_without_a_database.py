"""A door that is started anew while the database hangs answers at once, and takes mail when the database is back (contract,
"HTTP").
"""

import os
import signal
import smtplib
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.product import PATIENCE, Product, environment, running

LETTER: dict[str, Any] = {"to": "jane@example.com", "subject": "Hello", "text": "Hello."}


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_door_that_finds_no_database_says_so_until_there_is_one(tmp_path: Path) -> None:
    with running(environment(tmp_path / "var", WORKERS="1")) as product:
        (door,) = product.children("app.child doors")
        postmaster = next(pid for pid in product.children("postgres") if b"-D" in Path(f"/proc/{pid}/cmdline").read_bytes())
        os.kill(postmaster, signal.SIGSTOP)
        try:
            os.kill(door, signal.SIGKILL)
            _until(lambda: _asked(product, "/healthz")[0] == 200)
            status, problem = product.ask("POST", "/v1/send", LETTER | {"text": "x" * 1_000_000})
            assert (status, problem["code"]) == (503, "unavailable")
            assert _asked(product, "/readyz")[0] == 503
            with pytest.raises(smtplib.SMTPConnectError) as told:
                smtplib.SMTP(*product.smtp, timeout=10)
            assert (told.value.smtp_code, told.value.smtp_error[:5]) == (421, b"4.3.0")
        finally:
            os.kill(postmaster, signal.SIGCONT)
        _until(lambda: _asked(product, "/readyz")[0] == 200)
        assert product.wait(product.send(**LETTER)["id"], "delivered")
        smtplib.SMTP(*product.smtp, timeout=10).close()


def _asked(product: Product, path: str) -> tuple[int, Any]:
    try:
        return product.ask("GET", path)
    except OSError:
        return 0, None


def _until(true: Any) -> None:
    until = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)

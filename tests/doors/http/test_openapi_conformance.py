"""A stranger reads our OpenAPI document, asks whatever it allows and forbids, and finds every answer as it was told.

schemathesis, as a user would run it, against uvicorn and a real database. The seed is printed with a failure and can be
given again in POSTHOUSE_TEST_SEED. One worker only: hypothesis reads the source of its lambdas, and before Python 3.11.8
parsing in two threads at once fails (cpython issue 106905).
"""

import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.http_server import served

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"
)
EXAMPLES = os.environ.get("POSTHOUSE_TEST_EXAMPLES") or "25"  # 200 found no more in eight rounds, and take long
SECONDS = 600


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 30)
def test_a_stranger_finds_every_answer_as_it_was_told(database_dsn: str, tmp_path: Path) -> None:
    seed = os.environ.get("POSTHOUSE_TEST_SEED") or str(secrets.randbelow(1 << 32))
    with served(database_dsn) as door:
        arguments = [
            f"{door.url}/openapi.json",
            "--header",
            f"Authorization: Bearer {door.test}",
            "--seed",
            seed,
            "--phases",
            "examples,coverage,fuzzing",
            "--max-examples",
            EXAMPLES,
            "--checks",
            CHECKS,
            "--workers",
            "1",
            "--continue-on-failure",
        ]
        run = subprocess.run(
            [Path(sys.executable).with_name("schemathesis"), "run", *arguments],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=SECONDS,
            check=False,
        )
    sys.stdout.write(f"schemathesis seed {seed}\n")
    assert run.returncode == 0, run.stdout[-10_000:] + run.stderr[-2000:]

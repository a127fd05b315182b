"""The producer of the Celery bench: calls ``delay`` for each mail and writes a row as ``bench.pace`` says."""

import argparse
import json
import time
from pathlib import Path

from celery_tasks import send_reset


def main() -> None:
    """One load, from the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--rate", type=float, default=0)
    parser.add_argument("--run", required=True)
    parser.add_argument("--out", type=Path, required=True)
    a = parser.parse_args()
    rows = []
    send_reset.app.connection_for_write().ensure_connection()
    begin = time.monotonic_ns()
    for number in range(a.count):
        due = begin + int(number / a.rate * 1e9) if a.rate else time.monotonic_ns()
        if (wait := due - time.monotonic_ns()) > 0:
            time.sleep(wait / 1e9)
        recipient, link = f"{a.run}{number}@sink.example", f"https://shop.example/reset?token={a.run}{number:032x}"
        sent = time.monotonic_ns()
        send_reset.delay(recipient, f"User {number}", link, f"Reset your password {number}")
        rows.append([recipient, min(due, sent), sent, time.monotonic_ns(), True])
    a.out.write_text("".join(json.dumps(row) + "\n" for row in rows))


if __name__ == "__main__":
    main()

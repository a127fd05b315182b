"""``python -m bench.spam``: what SpamAssassin and rspamd make of every ready-made mail, in each language, as it stands on the
wire.

SpamAssassin runs with its local rules only (``-L``); of rspamd the symbols of its MIME and header groups are told, since
everything else of its score rests on the network. Both are Debian's packages, and whichever is not here is named and left out.
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.german import examples_for
from posthouse.mail import dkim
from posthouse.mail.mime import compose
from posthouse.model.mailbox import Mailbox
from posthouse.model.template import RenderedTemplate
from posthouse.templates.ready_made import READY_MADE
from posthouse.templates.render import render

LANGUAGES = ("en", "de")
MOST = 1.0
SENDER, READER = Mailbox("noreply", "shop.example", "Shop"), Mailbox("ada", "reader.example", "Ada Lovelace")
_MIME = re.compile(
    r"^(?:MIME_(?!GOOD|TRACE|UNKNOWN|HTML_ONLY$)|CT_|CTE_|HEADER_|MISSING_|INVALID_|BROKEN_|R_(?:PARTS|BAD_CTE|MISSING|"
    r"NO_SPACE|UNDISC)|FORGED_|BAD_|MULTIPLE_|TOOLONG|HAS_ATTACHMENT_NAME)"
)


def mails() -> dict[str, bytes]:
    """Every mail by name and language, signed twice, with the field that a receiving host adds."""
    keys = [
        dkim.load("shop.example", f"s{letter}", algorithm, dkim.generate(algorithm)[0])
        for letter, algorithm in (("r", dkim.RSA), ("e", dkim.ED25519))
    ]
    now, found = datetime.now(UTC), {}
    for name, version in READY_MADE.items():
        for language in LANGUAGES:
            made = render(version, examples_for(version, language), language)
            assert isinstance(made, RenderedTemplate)
            content = compose.compose(
                sender=SENDER,
                to=[READER],
                cc=[],
                reply_to=[Mailbox("help", "shop.example")],
                subject=made.subject,
                text=made.text,
                html=made.html,
                headers={},
                attachments=[],
                seed=f"{name}{language}",
            )
            head = compose.finish(content, date=now, message_id=f"{name}.{language}@shop.example", extra=b"")
            received = (
                f"Received: from mx.shop.example (mx.shop.example [93.184.215.10]) by mx.reader.example with ESMTPS; "
                f"{now:%a, %d %b %Y %H:%M:%S} +0000\r\n"
            )
            signed = dkim.sign(head, content.body_digest, keys, now)
            found[f"{name} ({language})"] = b"".join((received.encode(), signed, head, b"\r\n", content.body))
    return found


def spamassassin(all_mails: dict[str, bytes]) -> dict[str, tuple[float, str]]:
    """Score and rules of each. Errors: OSError where it cannot run."""
    found = {}
    for name, data in all_mails.items():
        said = subprocess.run(
            ["spamassassin", "-L", "-t"], input=data.replace(b"\r\n", b"\n"), capture_output=True, check=True
        ).stdout.decode("utf-8", "replace")
        match = re.search(
            r"X-Spam-Status: \w+, score=(-?[\d.]+) .*?tests=(.*?)\s+(?:autolearn|shortcircuit|version)", said, re.DOTALL
        )
        assert match is not None, said[:1000]
        found[name] = float(match[1]), " ".join(re.split(r"[,\s]+", match[2])).strip()
    return found


def rspamd(all_mails: dict[str, bytes]) -> dict[str, str]:
    """The symbols of each that speak of MIME or headers. Errors: OSError where it cannot run."""
    with tempfile.TemporaryDirectory(prefix="posthouse-rspamd-") as folder:
        server = _served(Path(folder))
        try:
            found = {}
            for name, data in all_mails.items():
                said = subprocess.run(
                    ["rspamc", "-h", f"127.0.0.1:{server[1]}", "-j", "symbols"], input=data, capture_output=True, check=True
                ).stdout
                symbols = json.loads(said)["symbols"]
                found[name] = " ".join(
                    sorted(symbol for symbol, told in symbols.items() if _MIME.match(symbol) and told.get("score", 0) > 0)
                )
            return found
        finally:
            server[0].send_signal(signal.SIGTERM)
            server[0].wait(20)


def _served(folder: Path) -> "tuple[subprocess.Popen[bytes], int]":
    """An rspamd of our own, with the rules of the package, that asks nobody: its name server is not there."""
    ports = [_free(), _free()]
    local = folder / "local.d"
    local.mkdir()
    (local / "worker-normal.inc").write_text(f'bind_socket = "127.0.0.1:{ports[0]}"; count = 1;')
    (local / "worker-controller.inc").write_text(f'bind_socket = "127.0.0.1:{ports[1]}"; count = 1;')
    (local / "worker-proxy.inc").write_text("enabled = false;")
    (local / "options.inc").write_text('dns { nameserver = ["127.0.0.1:1:10"]; timeout = 0.05s; retransmits = 1; }')
    (local / "logging.inc").write_text(f'type = "file"; filename = "{folder}/log"; level = "error";')
    variables = [part for name in ("LOCAL_CONFDIR", "DBDIR", "RUNDIR", "LOGDIR") for part in ("--var", f"{name}={folder}")]
    process = subprocess.Popen(
        ["rspamd", "-f", "-i", "-u", "root", "-g", "root", *variables], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    for _ in range(150):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", ports[0])) == 0:
                return process, ports[0]
        time.sleep(0.1)
    process.kill()
    raise OSError(f"rspamd did not start: {(folder / 'log').read_text()[-800:] if (folder / 'log').exists() else ''}")


def _free() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def main() -> int:
    """Print the table; 1 where a mail scores too high."""
    all_mails = mails()
    scores = spamassassin(all_mails) if shutil.which("spamassassin") else {}
    symbols = rspamd(all_mails) if shutil.which("rspamd") and os.getuid() == 0 else {}
    for name, known in (("SpamAssassin", scores), ("rspamd", symbols)):
        if not known:
            print(f"{name} is not here (or not as root): left out")
    print("| mail | SpamAssassin | its rules | rspamd: MIME and headers |\n| --- | --- | --- | --- |")
    for mail in all_mails:
        score, rules = scores.get(mail, (0.0, ""))
        print(f"| {mail} | {f'{score:.1f}' if mail in scores else '–'} | {rules} | {symbols.get(mail, '–') or 'none'} |")
    return int(any(score >= MOST for score, _ in scores.values()))


if __name__ == "__main__":
    sys.exit(main())

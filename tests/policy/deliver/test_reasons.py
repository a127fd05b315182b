"""The rows against sentences that real hosts said: whom we would stop writing to, and whom never."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from posthouse.mail.smtp.reply import Reply, ReplyReader
from posthouse.model.outcome import AttemptStage, Deferred, Reason
from posthouse.policy.deliver.classify import classify
from posthouse.policy.deliver.reasons import RULES

CORPUS: Final = Path(__file__).resolve().parents[4] / "shared" / "corpus" / "bounces"
SUPPRESSING: Final = {Reason.UNKNOWN_RECIPIENT, Reason.UNKNOWN_DOMAIN, Reason.NO_MAIL_DOMAIN}
NOT_THE_ADDRESS: Final = {
    "authfailure", "badreputation", "blocked", "contenterror", "exceedlimit", "expired", "mailboxfull", "mesgtoobig", "networkerror",
    "norelaying", "notcompliantrfc", "policyviolation", "requireptr", "securityerror", "spamdetected", "speeding", "suspend",
    "systemerror", "systemfull", "toomanyconn", "virusdetected",
}  # fmt: skip
_SAID: Final = re.compile(r"^diagnostic-code: *(?:x-)?smtp; *(.*(?:\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)


def sentences() -> Iterator[tuple[str, Reply]]:
    """What the host said, with the corpus' label, where a file is about one recipient and quotes an SMTP reply whole."""
    if not CORPUS.is_dir():
        pytest.skip("the bounce corpus is not beside this repository (../shared/corpus/bounces)")
    with (CORPUS / "labels.csv").open() as labels:
        rows = [row for row in csv.DictReader(labels) if row["n_expected"] == "1"]
    for row in rows:
        text = (CORPUS / row["file"]).read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n")
        found = _SAID.search(text)
        if found is None or found[1].endswith("="):
            continue
        line = re.sub(r"(^| )(\d{3})-(?=\S)", r"\1\2 ", " ".join(found[1].split()))
        (reply,) = ReplyReader().feed(line.encode()[:1000] + b"\r\n")
        if isinstance(reply, Reply) and reply.kind in (4, 5):
            yield row["reason"], reply


def test_what_is_not_the_addresss_fault_never_reads_as_a_dead_address() -> None:
    wrong = [
        (label, reply.text)
        for label, reply in sentences()
        if label in NOT_THE_ADDRESS and classify(AttemptStage.RCPT, reply).diagnosis.reason in SUPPRESSING
    ]
    assert not wrong


def test_a_full_mailbox_in_anybodys_words_is_deferred() -> None:
    found = [classify(AttemptStage.RCPT, reply) for label, reply in sentences() if label == "mailboxfull"]
    assert len(found) >= 5
    assert all(isinstance(outcome, Deferred) and outcome.diagnosis.reason is Reason.MAILBOX_FULL for outcome in found)


def test_nine_of_ten_unknown_users_are_recognised() -> None:
    found = [
        classify(AttemptStage.RCPT, reply).diagnosis.reason in SUPPRESSING
        for label, reply in sentences()
        if label == "userunknown"
    ]
    assert len(found) >= 20
    assert sum(found) >= 0.9 * len(found)


def test_the_last_row_fits_everything() -> None:
    assert RULES[-1][2:] == (None,) * (len(RULES[-1]) - 2)

"""What a confined child (``net.confine``) does with a returned mail: answer with the facts of a report, or a person's reply.

It is a reply only where nothing makes it a report: neither its form nor its words, unless it came from somebody's return path
and is marked as an answer. A person who replies may quote any error in the reply.
"""

from typing import Final

import msgspec

from posthouse.mail.reports.personal_reply import PersonalReply, read_reply
from posthouse.mail.reports.report import ReportKind, read
from posthouse.model.feedback import Feedback
from posthouse.policy.recipients.bounce import judge

REPORT_OCTETS: Final = 512 * 1024  # a report has what matters at its beginning
_MAY_BE_REPLY: Final = frozenset({ReportKind.DSN, ReportKind.OTHER})


class ReadJob(msgspec.Struct, frozen=True):
    """A mail that came back, and the return path it came with: '' the null one, None where it is not known."""

    data: bytes
    return_path: str | None = None


class ReturnedFacts(msgspec.Struct, frozen=True):
    """What a mail is about: facts about a delivery, or a person's reply."""

    facts: tuple[Feedback, ...] = ()
    reply: PersonalReply | None = None


_JOB: Final = msgspec.msgpack.Decoder(ReadJob)


def read_job(payload: bytes) -> bytes:
    """In a child: read an encoded ``ReadJob``, answer with encoded ``ReturnedFacts``."""
    return msgspec.msgpack.encode(read_mail(_JOB.decode(payload)))


def read_mail(job: ReadJob) -> ReturnedFacts:
    """The facts in a report, or else the reply; neither where it is nothing of either kind."""
    report = read(job.data[:REPORT_OCTETS])
    facts = judge(report)
    reply = read_reply(job.data, job.return_path) if report.kind in _MAY_BE_REPLY else None
    if reply is None or (facts and not (reply.is_answer and job.return_path)):
        return ReturnedFacts(facts)
    return ReturnedFacts((), reply)

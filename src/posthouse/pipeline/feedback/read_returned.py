"""What a confined child does with a returned mail: read it, judge it, and answer with the facts or the letter (``net.confine``).

A letter is one only where nothing says that it is a report: not its paper, and not its words either, unless it came from somebody's
return path and says itself that it is an answer. Whoever answers a mail may quote any error in it.
"""

from typing import Final

import msgspec

from posthouse.mail.reports.personal_reply import PersonalReply, read_reply
from posthouse.mail.reports.report import read
from posthouse.model.feedback import Feedback
from posthouse.policy.recipients.bounce import judge

REPORT_OCTETS: Final = 512 * 1024  # a report says what it has to say at its beginning
MOST_WHOLE: Final = 5 << 20  # octets of what may be forwarded; a larger mail is cut to REPORT_OCTETS
_LETTERS: Final = frozenset({"dsn", "other"})


class ReturnedMail(msgspec.Struct, frozen=True):
    """A mail that came back, and the return path it came with: '' the null one, None where nobody knows."""

    data: bytes
    return_path: str | None = None


class ReturnedFacts(msgspec.Struct, frozen=True):
    """What it says: facts about deliveries, or a person's letter."""

    facts: tuple[Feedback, ...] = ()
    letter: PersonalReply | None = None


_JOB: Final = msgspec.msgpack.Decoder(ReturnedMail)


def read_job(payload: bytes) -> bytes:
    """What the mail says, encoded as ``Understood``."""
    return msgspec.msgpack.encode(read_mail(_JOB.decode(payload)))


def read_mail(returned: ReturnedMail) -> ReturnedFacts:
    """The facts in a report, or else the letter; neither where it is nothing of either kind."""
    report = read(returned.data[:REPORT_OCTETS])
    facts = judge(report)
    letter = read_reply(returned.data, returned.return_path) if report.paper in _LETTERS else None
    if letter is None or (facts and not (letter.answers and returned.return_path)):
        return ReturnedFacts(facts)
    return ReturnedFacts((), letter)

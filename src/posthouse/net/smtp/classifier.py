"""What a session asks a judge: what does this answer mean, or its absence? ``policy.deliver.classify`` is the judge.

The socket knows no reply codes. It hands over what it received and gets an outcome; the composition root passes the judge in.
"""

from datetime import timedelta
from typing import Protocol

from posthouse.mail.smtp.reply import Reply
from posthouse.model.outcome import AttemptStage, Bounced, Outcome, Reason


class OutcomeClassifier(Protocol):
    """The functions of ``policy.deliver.classify``; ``relay``: a host of our own route speaks, not a destination."""

    def classify(self, stage: AttemptStage, reply: Reply, *, relay: bool = False) -> Outcome:
        """What ``reply`` means at ``stage``."""
        ...

    def no_answer(
        self, stage: AttemptStage, reason: Reason, text: str = "", *, relay: bool = False, left: bool = False
    ) -> Outcome:
        """No answer, or none that can be read. ``left``: the body may have left."""
        ...

    def impossible(self, reason: Reason, text: str) -> Bounced:
        """What cannot be, known before the peer is asked."""
        ...

    def no_such_destination(self, reason: Reason, text: str, *, look_again: timedelta | None) -> Outcome:
        """The DNS says that no mail is taken there. ``look_again``: when that may be believed."""
        ...

"""What a confined child does with a returned mail: read it, judge it, and answer with the facts (``net.confine``)."""

import msgspec

from posthouse.mail.report import read
from posthouse.policy.bounce import judge


def read_job(payload: bytes) -> bytes:
    """The mail's facts, encoded."""
    return msgspec.msgpack.encode(judge(read(payload)))

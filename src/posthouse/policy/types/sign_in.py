"""Codes and links that somebody is looking at a screen for: two-factor codes, password resets, magic links.

Why these numbers: after five seconds people ask again, after thirty the attempt to sign in has failed, so the
first waits are shorter than a person's patience and none is longer than a minute. Each dies with what it
carries: a code after 10 minutes, a sign-in link after 15, a reset link after an hour; one that is no longer
valid is not delivered. A second copy does no harm, none at all locks somebody out: ``again``. Never tracked,
because a rewritten link is a link that somebody else has seen. Kept briefly, because it holds a secret.
"""

from datetime import timedelta
from typing import Final

from posthouse.model.message_type import InDoubtRule, Keep, Lane, MessageClass, MessageType, Tracking

_WAITS: Final = tuple(timedelta(seconds=seconds) for seconds in (2, 5, 10, 20, 60))


def _code(name: str, expires_after: timedelta) -> MessageType:
    return MessageType(
        name=name,
        message_class=MessageClass.AUTHENTICATION,
        lane=Lane.INSTANT,
        target=timedelta(seconds=10),
        limit=timedelta(seconds=30),
        dedupe_window=timedelta(hours=1),
        expires_after=expires_after,
        waits=_WAITS,
        tracking=Tracking.NEVER,
        in_doubt=InDoubtRule.AGAIN,
        keep=Keep.BRIEF,
        auto_submitted=True,
    )


TWO_FACTOR_CODE: Final = _code("two_factor_code", timedelta(minutes=10))
PASSWORD_RESET: Final = _code("password_reset", timedelta(minutes=60))
MAGIC_LINK: Final = _code("magic_link", timedelta(minutes=15))

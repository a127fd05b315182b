"""A route: one of the ordered ways on which mail leaves, and the kinds of routes there are."""

from enum import StrEnum
from typing import Final

import msgspec


class RouteKind(StrEnum):
    """As written before the colon in POSTHOUSE_ROUTES.

    A provider's kind is also the name of its codec and of its attempts' adapter.
    """

    MX = "mx"
    SMTP = "smtp"
    SMTPS = "smtps"
    INBOX = "inbox"
    RESEND = "resend"
    POSTMARK = "postmark"
    SENDGRID = "sendgrid"
    MAILGUN = "mailgun"
    SES = "ses"


# ``providers.registry`` has a codec for each, and the partial index ``attempt_remote`` names them: tests hold the three equal.
PROVIDER_KINDS: Final = (RouteKind.RESEND, RouteKind.POSTMARK, RouteKind.SENDGRID, RouteKind.MAILGUN, RouteKind.SES)
# What this version can send through; the others only report back by their hooks.
SENDING_KINDS: Final = frozenset({RouteKind.MX, RouteKind.SMTP, RouteKind.SMTPS, RouteKind.INBOX})


class RouteFact(msgspec.Struct, frozen=True, kw_only=True):
    """A configured route.

    ``kind``: a ``RouteKind``; ``dkim``: we sign; ``return_path_from``: bounces go to the header-from address.
    """

    name: str
    kind: str
    dkim: bool = True
    return_path_from: bool = False

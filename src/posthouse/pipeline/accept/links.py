"""The links of ours that go into a mail at intake: tracking where type and stream allow it, the way out of a commercial list.

They are made when the message is taken, because what is stored is what is sent. A body is the same for everybody it goes
to, so a mail with several recipients is not tracked, and a commercial one is refused: its way out would be everybody's.
They stand on the stream's own host, if it has one, else on that of POSTHOUSE_PUBLIC_URL.

Known sharp edges: one-click needs an https address that receivers reach (RFC 8058 section 3.1); without POSTHOUSE_PUBLIC_URL
being one, a commercial mail goes out with a warning and, where returned mail is taken in, with a way out by mail alone.
"""

import re
from typing import Final
from uuid import UUID

import msgspec

from posthouse.mail import link
from posthouse.mail.header import encode_field
from posthouse.mail.link import Link, LinkPurpose
from posthouse.model.message_type import MessageClass, Tracking
from posthouse.model.send_request import Caller, FieldError, Rejection, SendRequest, Warning
from posthouse.model.stream import Stream
from posthouse.policy.accept.admit import Admission
from posthouse.policy.accept.commercial import NO_ONE_CLICK
from posthouse.templates.html.links import with_tracking

OPENS: Final = 1
CLICKS: Final = 2
_OWN: Final = re.compile(rb"^list-unsubscribe[ \t]*:", re.IGNORECASE | re.MULTILINE)
_ONE_CLICK: Final = b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"


class LinkedContent(msgspec.Struct, frozen=True, kw_only=True):
    """``html`` with its links; ``head``: fields to add; ``tracking``: bits that really hold."""

    html: str | None
    head: bytes = b""
    tracking: int = 0
    warnings: tuple[Warning, ...] = ()


class LinkBuilder:
    """One per process. ``public_url``: where readers reach us; ``domain``: where returned mail is taken in, '' where it is not."""

    def __init__(self, token_key: bytes, public_url: str, domain: str) -> None:
        """Links of one installation."""
        self._key = link.link_key(token_key)
        self._public = public_url.rstrip("/")
        self._domain = domain

    def link(
        self, caller: Caller, request: SendRequest, admission: Admission, stream: Stream, html: str | None, new: UUID
    ) -> LinkedContent | Rejection:
        """What a message carries of ours, or why it cannot go out like this."""
        tracking = _wanted(request, admission, stream) if html is not None else 0
        warnings: tuple[Warning, ...] = ()
        if tracking and len(admission.recipients) != 1:
            warnings += (
                Warning("tracking_off", "A mail to several recipients is not tracked: they share one body.", "tracking"),
            )
            tracking = 0
        head: bytes | Rejection = b""
        base = f"https://{stream.tracking_domain}" if stream.tracking_domain else self._public
        if _must_let_go(admission, stream, request):
            head, told = self._way_out(base, caller, admission, new)
            warnings += told
        if isinstance(head, Rejection):
            return head
        if html is not None and tracking:
            html = with_tracking(
                html,
                (lambda target: self._url(base, caller, new, LinkPurpose.CLICK, target)) if tracking & CLICKS else None,
                self._url(base, caller, new, LinkPurpose.OPEN) if tracking & OPENS else None,
            )
        return LinkedContent(html=html, head=head, tracking=tracking, warnings=warnings)

    def _way_out(
        self, base: str, caller: Caller, admission: Admission, new: UUID
    ) -> tuple[bytes | Rejection, tuple[Warning, ...]]:
        if len(admission.recipients) != 1:
            return _ALONE, ()
        here = Link(
            purpose=LinkPurpose.UNSUBSCRIBE, tenant=caller.tenant, environment=int(caller.environment), message=new, position=0
        )
        ways = [f"<mailto:{link.write_address(self._key, here)}@{self._domain}>"] if self._domain else []
        if base.startswith("https://"):
            url = f"<{base}/u/{link.write(self._key, here)}>"
            return encode_field("List-Unsubscribe", ", ".join([url, *ways])) + _ONE_CLICK, ()
        return (encode_field("List-Unsubscribe", ways[0]) if ways else b""), (NO_ONE_CLICK,)

    def _url(self, base: str, caller: Caller, new: UUID, purpose: LinkPurpose, target: str = "") -> str:
        here = Link(
            purpose=purpose, tenant=caller.tenant, environment=int(caller.environment), message=new, position=0, target=target
        )  # fmt: skip
        return f"{base}/t/{purpose.value}/{link.write(self._key, here)}"


_ALONE: Final = Rejection(
    "validation_failed", "A commercial mail carries its reader's own way out of the list, so it goes to one recipient; send a batch.",
    (FieldError("to", "must be one recipient, without cc and bcc, for a commercial mail: send a batch"),),
)  # fmt: skip


def _wanted(request: SendRequest, admission: Admission, stream: Stream) -> int:
    """What the request asks, else what the stream is set to, where the type may be tracked at all."""
    if admission.type.tracking is Tracking.NEVER:
        return 0
    tracking = admission.tracking
    if admission.type.tracking is Tracking.MAY:
        tracking |= OPENS if request.track_opens is None and stream.track_opens else 0
        tracking |= CLICKS if request.track_clicks is None and stream.track_clicks else 0
    return tracking


def _must_let_go(admission: Admission, stream: Stream, request: SendRequest) -> bool:
    """Commercial mail, and streams that are set so; a caller's own field stands."""
    if any(name.lower() == "list-unsubscribe" for name in request.headers or ()):
        return False
    if request.content is not None and _OWN.search(request.content.head) is not None:
        return False
    return admission.type.message_class is MessageClass.COMMERCIAL or stream.unsubscribe

"""The links of ours that go into a mail at intake: tracking where type and stream allow it, and a commercial mail's unsubscribe.

They are built when the message is accepted, because what is stored is what is sent. A body is the same for all its recipients,
so a mail with several is not tracked, and a commercial one is refused: its unsubscribe link would be everybody's.
The links are on the stream's own host, if it has one, else on that of POSTHOUSE_PUBLIC_URL.

Known sharp edges: one-click needs an https address that receivers reach (RFC 8058 section 3.1); without POSTHOUSE_PUBLIC_URL
being one, a commercial mail goes out with a warning and, where returned mail is received, with an unsubscribe address alone.
"""

import re
from typing import Final

from posthouse.mail import link
from posthouse.mail.link import Link, LinkPurpose
from posthouse.model.message_type import MessageClass, Tracking
from posthouse.model.send_request import FieldError, Rejection, Warning
from posthouse.pipeline.accept.message import AdmittedMessage, LinkedContent
from posthouse.policy.accept.commercial import NO_ONE_CLICK
from posthouse.templates.html.links import with_tracking

OPENS: Final = 1  # bits of ``LinkedContent.tracking``
CLICKS: Final = 2
_LIST_UNSUBSCRIBE: Final = re.compile(rb"^list-unsubscribe[ \t]*:", re.IGNORECASE | re.MULTILINE)
_ONE_CLICK: Final = {"List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
_SEVERAL_RECIPIENTS: Final = Warning(
    "tracking_off", "A mail to several recipients is not tracked: they share one body.", "tracking"
)
_COMMERCIAL_TO_SEVERAL: Final = Rejection(
    "validation_failed",
    "A commercial mail carries its reader's own way out of the list, so it goes to one recipient; send a batch.",
    (FieldError("to", "must be one recipient, without cc and bcc, for a commercial mail: send a batch"),),
)


class LinkBuilder:
    """One per process. ``public_url``: where readers reach us; ``domain``: where returned mail is received, '' for nowhere."""

    def __init__(self, token_key: bytes, public_url: str, domain: str) -> None:
        self._key = link.link_key(token_key)
        self._public_url = public_url.rstrip("/")
        self._domain = domain

    def link(self, message: AdmittedMessage) -> LinkedContent | Rejection:
        """What a message carries of ours, or why it cannot go out like this."""
        stream, html = message.facts.stream.settings, message.parts.html
        base = f"https://{stream.tracking_domain}" if stream.tracking_domain else self._public_url
        tracking = _requested_tracking(message) if html is not None else 0
        warnings: tuple[Warning, ...] = ()
        if tracking and len(message.admission.recipients) != 1:
            tracking, warnings = 0, (_SEVERAL_RECIPIENTS,)
        headers: dict[str, str] = {}
        if _needs_unsubscribe(message):
            if len(message.admission.recipients) != 1:
                return _COMMERCIAL_TO_SEVERAL
            headers = self._unsubscribe_headers(message, base)
            warnings += () if _ONE_CLICK.items() <= headers.items() else (NO_ONE_CLICK,)
        if html is not None and tracking:
            html = with_tracking(
                html,
                (lambda target: self._url(message, base, LinkPurpose.CLICK, target)) if tracking & CLICKS else None,
                self._url(message, base, LinkPurpose.OPEN) if tracking & OPENS else None,
            )
        return LinkedContent(html=html, headers=headers, tracking=tracking, warnings=warnings)

    def _unsubscribe_headers(self, message: AdmittedMessage, base: str) -> dict[str, str]:
        """List-Unsubscribe by link and by mail, as far as readers reach us; one-click by https only."""
        here = self._link(message, LinkPurpose.UNSUBSCRIBE)
        mailto = [f"<mailto:{link.write_address(self._key, here)}@{self._domain}>"] if self._domain else []
        if base.startswith("https://"):
            url = f"<{base}/u/{link.write(self._key, here)}>"
            return {"List-Unsubscribe": ", ".join([url, *mailto])} | _ONE_CLICK
        return {"List-Unsubscribe": mailto[0]} if mailto else {}

    def _url(self, message: AdmittedMessage, base: str, purpose: LinkPurpose, target: str = "") -> str:
        return f"{base}/t/{purpose.value}/{link.write(self._key, self._link(message, purpose, target))}"

    def _link(self, message: AdmittedMessage, purpose: LinkPurpose, target: str = "") -> Link:
        caller = message.caller
        return Link(
            purpose=purpose,
            tenant=caller.tenant,
            environment=int(caller.environment),
            message=message.id,
            position=0,
            target=target,
        )


def _requested_tracking(message: AdmittedMessage) -> int:
    """What the request asks for, else what the stream is set to, where the type may be tracked at all."""
    request, admission, stream = message.request, message.admission, message.facts.stream.settings
    if admission.type.tracking is Tracking.NEVER:
        return 0
    tracking = admission.tracking
    if admission.type.tracking is Tracking.MAY:
        tracking |= OPENS if request.track_opens is None and stream.track_opens else 0
        tracking |= CLICKS if request.track_clicks is None and stream.track_clicks else 0
    return tracking


def _needs_unsubscribe(message: AdmittedMessage) -> bool:
    """True for commercial mail, and on streams that are set so; a caller's own field stands."""
    request = message.request
    if any(name.lower() == "list-unsubscribe" for name in request.headers or ()):
        return False
    if request.content is not None and _LIST_UNSUBSCRIBE.search(request.content.head) is not None:
        return False
    return message.admission.type.message_class is MessageClass.COMMERCIAL or message.facts.stream.settings.unsubscribe

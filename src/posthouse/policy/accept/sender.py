"""Who may the mail be from, and where do replies go: the From header, the check of its domain, Reply-To (A4, P3, S-08).

The check of the domain depends on where mail goes: what stays in the built-in inbox needs no domain, everything else needs a
From domain that the operator vouched for or DNS has verified, for this tenant. A domain of a free mail provider
can never be that: its DMARC policy names somebody else's servers, and the mail would be refused or taken for forged.

A no-reply From is never refused: people reply anyway, so a missing Reply-To is filled from the tenant's, or a warning says so.

A display name that is itself an address of somebody else's domain is what forgeries look like, because many clients show
nothing but the name: refused for authentication and security, a warning otherwise.

Known sharp edges: domains are compared as A-labels in lower case, exactly; a subdomain is another domain.
"""

import re
import unicodedata
from typing import Final

from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model.domain import SenderDomain
from posthouse.model.mailbox import Mailbox
from posthouse.model.message_type import MessageClass
from posthouse.model.send_request import FieldError, Rejection, Warning

_NO_REPLY: Final = re.compile(r"(?:^|[._+-])(?:no|do[._-]?not)[._-]?repl(?:y|ies)(?![a-z])", re.IGNORECASE)
_REPLY_TO: Final = re.compile(rb"^reply-to[ \t]*:", re.IGNORECASE | re.MULTILINE)
_ADDRESS_AS_NAME: Final = re.compile(r"""^[\s"'<(\[]*[^\s@<>"']+@([^\s@<>"'()\[\]]+\.[^\s@<>"'()\[\].]+)[\s"'>)\].]*$""")
_REFUSED_CLASSES: Final = frozenset({MessageClass.AUTHENTICATION, MessageClass.SECURITY})

FREE_MAIL: Final = frozenset(
    {
        "126.com", "163.com", "aol.com", "bluewin.ch", "bol.com.br", "btinternet.com", "centrum.cz", "comcast.net", "daum.net",
        "email.com", "email.cz", "fastmail.com", "fastmail.fm", "free.fr", "freenet.de", "gmail.com", "gmx.at", "gmx.ch", "gmx.com",
        "gmx.de", "gmx.net", "googlemail.com", "hanmail.net", "hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.de", "hotmail.es",
        "hotmail.fr", "hotmail.it", "icloud.com", "inbox.com", "inbox.ru", "interia.pl", "laposte.net", "libero.it", "list.ru",
        "live.co.uk", "live.com", "live.de", "live.fr", "live.nl", "mac.com", "mail.com", "mail.de", "mail.ru", "mailbox.org", "me.com",
        "msn.com", "naver.com", "o2.pl", "onet.pl", "op.pl", "orange.fr", "outlook.com", "outlook.de", "outlook.fr", "pm.me",
        "posteo.de", "proton.me", "protonmail.ch", "protonmail.com", "qq.com", "rambler.ru", "rediffmail.com", "rocketmail.com",
        "seznam.cz", "sfr.fr", "sina.com", "t-online.de", "terra.com.br", "tuta.com", "tutanota.com", "uol.com.br", "verizon.net",
        "virgilio.it", "wanadoo.fr", "web.de", "wp.pl", "yahoo.ca", "yahoo.co.in", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com",
        "yahoo.com.br", "yahoo.de", "yahoo.es", "yahoo.fr", "yahoo.it", "yandex.com", "yandex.ru", "ymail.com", "zohomail.com",
    }
)  # fmt: skip


def check_domain(sender: Mailbox, domain: SenderDomain | None) -> Rejection | None:
    """Why mail with this From may not leave the installation, or None. ``domain``: the tenant's, of that name."""
    name = sender.domain.lower()
    if name in FREE_MAIL:
        return Rejection(
            "domain_not_verified",
            f"{name} belongs to a free mail provider, so nobody but the provider can send from it. "
            "Use an address at a domain of your own; a free address may stand in replyTo.",
        )
    if domain is not None and (domain.trusted or domain.verified):
        return None
    state = "is not verified" if domain is not None else "is not a domain of yours"
    return Rejection(
        "domain_not_verified",
        f"{name} {state}: add it with 'posthouse domain add {name}' and publish its DNS records, or --trust it.",
    )


def check_display_name(sender: Mailbox, message_class: MessageClass) -> Rejection | Warning | None:
    """A refusal or a warning where the display name is an address of another domain than the mailbox itself."""
    if "@" not in sender.name and "\uff20" not in sender.name:  # the full-width form normalizes to @
        return None
    address = _ADDRESS_AS_NAME.match(unicodedata.normalize("NFKC", sender.name))
    if address is None or _are_related(address[1].lower(), sender.domain.lower()):
        return None
    detail = (
        f"The display name is an address at {address[1][:80]}, but the mail comes from {sender.domain}: "
        "readers would take it for forged."
    )
    if message_class in _REFUSED_CLASSES:
        error = FieldError("from", "has a display name that is somebody else's address")
        return Rejection("content_refused", f"{detail} Name the company or product instead.", (error,))
    return Warning("display_name_address", detail, "from")


def check_default_from(text: str) -> str | None:
    """Why a text cannot be set as the default From of a stream, template or tenant, or None.

    It must be one mailbox. A display name that is an address of another domain is not allowed in a setting, whatever the class:
    some mail would be refused for it, and all of it suspected.
    """
    mailbox = parse_mailbox(text)
    if isinstance(mailbox, AddressFault):
        return mailbox.message
    finding = check_display_name(mailbox, MessageClass.SECURITY)
    return finding.detail if isinstance(finding, Rejection) else None


def _are_related(one: str, other: str) -> bool:
    """The same domain, or one below the other. ``one`` may have U-labels."""
    try:
        one = one.encode("idna").decode("ascii")
    except UnicodeError:
        return False
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")


def is_no_reply(sender: Mailbox) -> bool:
    """True for addresses whose name says that replies are not read: noreply, no-reply, do_not_reply, shop+noreply …"""
    return _NO_REPLY.search(sender.local) is not None


def has_reply_to(head: bytes) -> bool:
    """True where the header of a submitted message has a Reply-To."""
    return _REPLY_TO.search(head) is not None

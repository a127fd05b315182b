"""Who may it come from, and who reads the answers: header from, the domain gate, Reply-To (A4, P3, S-08).

The gate looks at where mail goes: what stays in the built-in inbox needs no domain, everything else needs a
header-from domain that the operator vouched for or DNS has verified, for this tenant. A domain of a free mail provider
can never be that: its DMARC policy names somebody else's servers, and the mail would be refused or taken for forged.

A no-reply author is never refused: people answer anyway, so a missing Reply-To is filled from the tenant's, or warned of.

A display name that is itself an address of somebody else's domain is what forgeries look like, because many clients show
nothing but the name: refused for authentication and security, told as a warning otherwise.

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
_NAMED_ADDRESS: Final = re.compile(r"""^[\s"'<(\[]*[^\s@<>"']+@([^\s@<>"'()\[\]]+\.[^\s@<>"'()\[\].]+)[\s"'>)\].]*$""")
_STRICT: Final = frozenset({MessageClass.AUTHENTICATION, MessageClass.SECURITY})

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


def gate(sender: Mailbox, domain: SenderDomain | None) -> Rejection | None:
    """Why mail of this author may not leave the house, or None. ``domain``: what the tenant has of that name."""
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


def disguised(sender: Mailbox, message_class: MessageClass) -> Rejection | Warning | None:
    """What is to be said about a display name that is an address of another domain than the author's, if it is one."""
    named = (
        _NAMED_ADDRESS.match(unicodedata.normalize("NFKC", sender.name))
        if "@" in sender.name or "\uff20" in sender.name
        else None
    )
    if named is None or _are_related(named[1].lower(), sender.domain.lower()):
        return None
    told = f"The display name is an address at {named[1][:80]}, but the mail comes from {sender.domain}: readers would take it for forged."
    if message_class in _STRICT:
        remedy = f"{told} Name the company or product instead."
        return Rejection("content_refused", remedy, (FieldError("from", "has a display name that is somebody else's address"),))
    return Warning("display_name_address", told, "from")


def unfit(text: str) -> str | None:
    """Why this cannot be set as who mail is from where messages do not say, or None.

    It must be one mailbox, and in a setting no name of another domain's is taken: some mail would be refused for it, and all suspected.
    """
    found = parse_mailbox(text)
    if isinstance(found, AddressFault):
        return found.message
    mask = disguised(found, MessageClass.SECURITY)
    return mask.detail if isinstance(mask, Rejection) else None


def _are_related(named: str, own: str) -> bool:
    """The same domain, or one below the other."""
    try:
        named = named.encode("idna").decode("ascii")
    except UnicodeError:
        return False
    return named == own or named.endswith(f".{own}") or own.endswith(f".{named}")


def is_no_reply(sender: Mailbox) -> bool:
    """True for authors that say they do not read answers: noreply, no-reply, do_not_reply, shop+noreply …"""
    return _NO_REPLY.search(sender.local) is not None


def has_reply_to(head: bytes) -> bool:
    """True where the header of a submitted message names whom to answer."""
    return _REPLY_TO.search(head) is not None

"""The one parser of addresses, and their form on the wire. (RFC 5321 section 4.1.2, RFC 5322 3.4, RFC 6531)

The one address parser of the product: HTTP, SMTP, header fields and reports all come through here, so no
two doors can understand one address differently. What it accepts it stores as the wire form: the local
part untouched (no case folding, no normalisation, no unquoting), the domain as lower-case A-labels.
``Mailbox.address`` is byte for byte what stands between ``<`` and ``>``.

Refused because readers disagree about them, though old grammars allow them: comments, source routes,
address literals, groups and lists where one address is expected, text after ``>``, a name with a bare
``@``. Encoded words are never decoded in a local part. Every scan is one pass over bounded text.

Known sharp edges: ``"a"@x`` and ``a@x`` are two addresses here, as on the wire. A domain of one label
(``localhost``) passes; whether mail may go there is policy. Domains follow IDNA 2008 with UTS 46 mapping,
so ``Bücher.example`` and ``bücher.example`` are one.
"""

import re
import unicodedata
from functools import lru_cache
from typing import Final

import idna
import msgspec

from posthouse.mail.header import decode_words, value_fault
from posthouse.model.mailbox import Mailbox

LOCAL_OCTETS: Final = 64  # RFC 5321 4.5.3.1.1
PATH_OCTETS: Final = 254  # RFC 5321 4.5.3.1.3, less the brackets
NAME_LENGTH: Final = 256
MAILBOX_LENGTH: Final = 998
LIST_LENGTH: Final = 100 * 1024
LIST_MAILBOXES: Final = 1000

_ATOM: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-\x80-\U0010ffff]++"
_PATH: Final = re.compile(
    rf"""({_ATOM}(?:\.{_ATOM})*|"(?:[ !#-\[\]-~\x80-\U0010ffff]|\\[ -~])+")@([^\0- "(),:;<>@\[\\\]\x7f]++)"""
)
_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"(?:{_LABEL}\.)*(?![0-9]+\Z){_LABEL}")
_TOKEN: Final = re.compile(
    r"""[ \t]*+(?:
      "(?P<quoted>(?:[^"\\]|\\.)*)"
    | <(?P<path>(?:[^"<>]++|"(?:[^"\\]|\\.)*")*)>
    | (?P<mark>[,:;])
    | (?P<word>=\?[^ \t?]{1,60}\?[BbQq]\?[^ \t?]*+\?=|[^ \t"(),:;<>\[\\\]]++)
    | (?P<end>\Z))""",
    re.VERBOSE,
)
_FORM: Final = "must be an address such as name@example.com"


class AddressFault(msgspec.Struct, frozen=True):
    """Why a text is not an address, as half a sentence for people; never repeats the text."""

    message: str


def parse_mailbox(text: str) -> Mailbox | AddressFault:
    """Exactly one ``a@b``, ``<a@b>`` or ``Name <a@b>``. The name is taken literally; encoded words are not decoded."""
    text = text.strip(" \t")
    if match := _PATH.fullmatch(text) if len(text) <= PATH_OCTETS else None:
        return _mailbox(match[1], match[2])
    if len(text) > MAILBOX_LENGTH:
        return AddressFault("is too long for an address")
    if fault := value_fault(text):
        return AddressFault(fault)
    return _only(_AddressParser(text, single=True, decode=False).run())


def parse_author(header_value: str) -> Mailbox | AddressFault:
    """The one mailbox of an unfolded From field, its name decoded; a list or a group is a fault."""
    if len(header_value) > LIST_LENGTH:
        return AddressFault("is too long for an address")
    fault = value_fault(header_value)
    return AddressFault(fault) if fault else _only(_AddressParser(header_value, single=True, decode=True).run())


def parse_path(text: str) -> Mailbox | AddressFault:
    """What stands between ``<`` and ``>`` in MAIL and RCPT. The null path is up to the caller."""
    if len(text) > PATH_OCTETS:
        return AddressFault("is too long for an address (254 octets)")
    match = _PATH.fullmatch(text)
    return _mailbox(match[1], match[2]) if match else AddressFault(_form_fault(text))


def parse_list(header_value: str) -> tuple[Mailbox, ...] | AddressFault:
    """An unfolded address-list field (To, Cc, Reply-To, From), names decoded; groups give their members."""
    if len(header_value) > LIST_LENGTH:
        return AddressFault("is too long for a list of addresses")
    if fault := value_fault(header_value):
        return AddressFault(fault)
    mailboxes = _AddressParser(header_value, single=False, decode=True).run()
    return mailboxes if isinstance(mailboxes, AddressFault) else tuple(mailboxes)


def with_name(mailbox: Mailbox, name: str) -> Mailbox | AddressFault:
    """The same address under a display name given apart, as in ``{"email": …, "name": …}``."""
    if len(name) > NAME_LENGTH:
        return AddressFault(f"must not have a name of more than {NAME_LENGTH} characters")
    fault = value_fault(name)
    return AddressFault(fault) if fault else Mailbox(mailbox.local, mailbox.domain, name.strip(" \t"))


def needs_smtputf8(mailbox: Mailbox) -> bool:
    """True where the address has no form in ASCII (RFC 6531): only a peer that offers SMTPUTF8 can take it."""
    return not mailbox.local.isascii()


def _only(mailboxes: list[Mailbox] | AddressFault) -> Mailbox | AddressFault:
    if isinstance(mailboxes, AddressFault):
        return mailboxes
    return mailboxes[0] if len(mailboxes) == 1 else AddressFault(_FORM)


def _mailbox(local: str, domain: str) -> Mailbox | AddressFault:
    wire = _wire_domain(domain) if len(domain) <= PATH_OCTETS else ""  # what is longer is not worth remembering either
    if not wire:
        return AddressFault("must end in a valid domain name")
    octets = len(local)
    if not local.isascii():
        if not _is_visible(local):
            return AddressFault("must not contain invisible or look-alike special characters")
        octets = len(local.encode())
    if octets > LOCAL_OCTETS:
        return AddressFault("must not have more than 64 octets before the @")
    if octets + 1 + len(wire) > PATH_OCTETS:
        return AddressFault("is too long for an address (254 octets)")
    return Mailbox(local, wire)


def _is_visible(local: str) -> bool:
    """No controls, formats, surrogates, spaces beyond ASCII; nothing that turns into ``@ . <`` under NFKC (full-width forms)."""
    for character in local:
        if character.isascii():
            continue
        if unicodedata.category(character)[0] in "CZ":
            return False
        if any(plain.isascii() and not plain.isalnum() for plain in unicodedata.normalize("NFKC", character)):
            return False
    return True


@lru_cache(maxsize=8192)
def _wire_domain(domain: str) -> str:
    """A-labels in lower case, or '' for what is no domain name."""
    wire = domain.lower() if domain.isascii() else domain
    if not wire.isascii() or "xn--" in wire:
        try:
            wire = idna.encode(wire, uts46=True).decode()
        except UnicodeError:
            return ""
    return wire if len(wire) <= PATH_OCTETS - 2 and _HOST.fullmatch(wire) else ""


def _form_fault(text: str) -> str:
    """The fault of a text that does not have the form of an address, in words for people."""
    if fault := value_fault(text):
        return fault
    if "," in text or ";" in text:
        return "must be one address, not a list"
    if "@[" in text:
        return "must end in a domain name, not in an address literal"
    if any(special in text for special in "()[]\\"):
        return "must not contain comments; names with ( ) [ ] or \\ go in quotes"
    return _FORM


class _AddressParser:
    """One pass over ``Name <a@b>, c@d``; the position only moves forward."""

    def __init__(self, text: str, *, single: bool, decode: bool) -> None:
        self.text = text
        self.single = single
        self.decode = decode
        self.mailboxes: list[Mailbox] = []
        self.words: list[str] = []
        self.path: str | None = None
        self.loose_at = False
        self.begin = 0
        self.in_group = False

    def run(self) -> list[Mailbox] | AddressFault:
        at, end = 0, False
        while not end:
            token = _TOKEN.match(self.text, at)
            if token is None:
                return AddressFault(_form_fault(self.text) if self.single else "must not contain comments or stray specials")
            kind = token.lastgroup
            end = kind == "end"
            fault = self._end_mailbox(token) if end or kind == "mark" else self._add_piece(kind, token)
            if fault:
                return AddressFault(fault)
            at = token.end()
        return AddressFault("must not leave a group open") if self.in_group else self.mailboxes

    def _add_piece(self, kind: str | None, token: re.Match[str]) -> str | None:
        """A piece of a mailbox: a word or quoted string of the name, or the path, after which nothing may come."""
        if self.path is not None:
            return "must not have text after the >"
        if kind == "path":
            self.path = token["path"]
        elif kind == "quoted":
            self.words.append(re.sub(r"\\(.)", r"\1", token["quoted"]))
        else:
            self.words.append(token["word"])
            self.loose_at |= "@" in token["word"]
        return None

    def _end_mailbox(self, token: re.Match[str]) -> str | None:
        """A separator or the end: what was read so far is a mailbox, the name of a group, or nothing."""
        mark = token["mark"]
        if mark and self.single:
            return "must be one address, not a list or a group; names with , : or ; go in quotes"
        raw = self.text[self.begin : token.start()].strip(" \t")
        if mark == ":":
            if self.in_group or self.path is not None or not raw:
                return "must not nest groups"
            self.in_group = True
        elif raw:
            mailbox = self._finish(raw)
            if isinstance(mailbox, AddressFault):
                return mailbox.message
            self.mailboxes.append(mailbox)
        if mark == ";":
            if not self.in_group:
                return "must not end a group that did not begin"
            self.in_group = False
        if len(self.mailboxes) > LIST_MAILBOXES:
            return f"must not list more than {LIST_MAILBOXES} addresses"
        self.words, self.path, self.loose_at, self.begin = [], None, False, token.end()
        return None

    def _finish(self, raw: str) -> Mailbox | AddressFault:
        if self.path is None:
            return parse_path(raw)
        mailbox = parse_path(self.path)
        if isinstance(mailbox, AddressFault) or not self.words:
            return mailbox
        if self.loose_at:
            return AddressFault("must not have an @ in a name without quotes")
        name = " ".join(self.words)
        return with_name(mailbox, decode_words(name) if self.decode else name)


def mailbox_or_none(text: str) -> Mailbox | None:
    """Whom a template names as the author of its mails, if anybody."""
    found = parse_mailbox(text) if text else None
    return None if isinstance(found, AddressFault) else found

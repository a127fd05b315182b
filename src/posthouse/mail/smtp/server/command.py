"""The arguments of MAIL and RCPT, parsed, or the reply that says what is wrong with them.

RFC 5321 section 4.1.2 (paths and parameters), RFC 1870 (SIZE), 6152 (BODY), 6531 (SMTPUTF8).
Addresses are read by ``mail.address`` alone. It must never know the state of the session.

Known sharp edges: spaces after ``FROM:`` and ``TO:`` are allowed, because old mailers write them; AUTH= on MAIL is ignored
(RFC 4954 section 5 allows that to a server that trusts no client).
"""

import re
from typing import Final

import msgspec

from posthouse.mail.address import AddressFault, parse_path
from posthouse.mail.smtp.server.action import Envelope
from posthouse.mail.smtp.server.reply import reply_line
from posthouse.model.mailbox import Mailbox

# The path of RFC 5321 4.1.2 between its brackets, then parameters; possessive, so that time stays linear.
_PATH: Final = re.compile(r' *<((?:[^"<>\\]++|"(?:[^"\\]|\\.)*")*)>(?: +(.*))?', re.DOTALL)
_BODIES: Final = frozenset({"7BIT", "8BITMIME"})


class CommandFault(msgspec.Struct, frozen=True):
    """A complete reply that refuses."""

    reply: bytes


class SenderArgument(msgspec.Struct, frozen=True):
    """MAIL FROM: the path as written (``''`` for the null sender); ``size`` in octets, 0 where not given."""

    path: str = ""
    size: int = 0
    smtputf8: bool = False


class Transaction:
    """The sender and recipients since the last message or RSET."""

    __slots__ = ("_recipients", "sender")

    def __init__(self, sender: SenderArgument) -> None:
        self.sender = sender
        self._recipients: dict[str, Mailbox] = {}

    def add(self, recipient: Mailbox, limit: int) -> bool:
        """Add a recipient, once; False where ``limit`` others are there already."""
        address = recipient.address
        if len(self._recipients) >= limit and address not in self._recipients:
            return False
        self._recipients[address] = recipient
        return True

    def envelope(self) -> Envelope:
        """Sender and recipients as one value."""
        return Envelope(self.sender.path, tuple(self._recipients.values()), self.sender.smtputf8)


def read_mail(argument: str) -> SenderArgument | CommandFault:
    """``FROM:<path> SIZE=… BODY=… SMTPUTF8 AUTH=…``."""
    match = _PATH.fullmatch(argument[5:]) if argument[:5].upper() == "FROM:" else None
    if match is None:
        return CommandFault(reply_line(501, "5.5.4", "Syntax: MAIL FROM:<address> [parameters]"))
    size, smtputf8 = 0, False
    for parameter in (match[2] or "").split():
        name, _, value = parameter.partition("=")
        name = name.upper()
        if name == "SIZE" and value.isascii() and value.isdecimal():
            size = int(value)
        elif name == "SMTPUTF8" and not value:
            smtputf8 = True
        elif not (name == "AUTH" or (name == "BODY" and value.upper() in _BODIES)):
            return CommandFault(reply_line(555, "5.5.4", f"Parameter not supported: {parameter[:64]}"))
    path = match[1]
    if path:
        mailbox = _address(path, "5.1.7", smtputf8=smtputf8)
        if isinstance(mailbox, CommandFault):
            return mailbox
    return SenderArgument(path, size, smtputf8)


def read_rcpt(argument: str, *, smtputf8: bool) -> Mailbox | CommandFault:
    """``TO:<path>``; no parameter is understood, as none is offered."""
    match = _PATH.fullmatch(argument[3:]) if argument[:3].upper() == "TO:" else None
    if match is None:
        return CommandFault(reply_line(501, "5.5.4", "Syntax: RCPT TO:<address>"))
    if match[2]:
        return CommandFault(reply_line(555, "5.5.4", f"Parameter not supported: {match[2][:64]}"))
    return _address(match[1], "5.1.3", smtputf8=smtputf8)


def _address(path: str, enhanced: str, *, smtputf8: bool) -> Mailbox | CommandFault:
    if not (smtputf8 or path.isascii()):
        return CommandFault(reply_line(553, "5.6.7", "A non-ASCII address needs SMTPUTF8 (RFC 6531)"))
    mailbox = parse_path(path)
    return (
        CommandFault(reply_line(501, enhanced, f"The address {mailbox.message}"))
        if isinstance(mailbox, AddressFault)
        else mailbox
    )

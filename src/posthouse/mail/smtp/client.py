"""What do we say next? The client's side of an SMTP session as a table: what was asked → the step its answer causes.

RFC 5321 sections 3.3 and 4 (transactions), 2920 (pipelining), 1870 (SIZE), 6531 (SMTPUTF8); the opening stands in
``smtp_opening``. Sans-IO: ``receive`` takes bytes and returns actions; it knows no socket, clock, gate or outcome.

Theory of operation. Replies come in the order of the commands, so the conversation keeps a queue of what it
asked; each reply goes to the step at its head. A transaction has one recipient. With PIPELINING its MAIL, RCPT
and DATA are one write, and ``body`` puts those of the next transaction behind the dot; without, each command waits
for the answer before it. Between two flights of ours the peer must be silent: whoever talks while nothing was
asked (a second reply behind 220, 354 or the answer to STARTTLS: response injection, RFC 3207 section 6,
CVE-2021-38371) is out of step, and the session ends before anything more is said or believed.

Known sharp edges: where RCPT was refused and DATA is still answered with 354 a lone dot is sent (RFC 2920 section
3.1); where a peer refuses MAIL and yet takes RCPT, the session ends. A path is checked once more here, last before
the wire, though intake did it: a CR or LF in it would be somebody else's mail.
"""

import re
from collections import deque
from typing import ClassVar, Final

from posthouse.mail.smtp.handshake import (
    STAGES,
    Action,
    GoAhead,
    Handshake,
    SendCommand,
    SessionEnded,
    SessionTerms,
    SmtpCommand,
    TransactionReply,
    ask,
)
from posthouse.mail.smtp.reply import Reply, ReplyReader, UnreadableReply
from posthouse.model.content import Parcel
from posthouse.model.outcome import AttemptStage, Reason

_CONTROL: Final = r"\x00-\x1f\x7f-\x9f\ud800-\udfff"
_QUOTED: Final = rf'"(?:[^"\\{_CONTROL}]|\\[^{_CONTROL}])*"'
_PATH: Final = re.compile(rf'(?:{_QUOTED}|[^ "()<>,:;\\\[\]@{_CONTROL}]+)@[^ "<>\\@{_CONTROL}]+')
_ENVELOPE: Final = (SmtpCommand.MAIL, SmtpCommand.RCPT, SmtpCommand.DATA)


class ClientConversation:
    """One session. Call order: ``receive`` until Ready, then ``begin``; at each GoAhead ``body``."""

    def __init__(self, terms: SessionTerms) -> None:
        """Await the greeting. ValueError where the hostname cannot be said in EHLO."""
        self._opening = Handshake(terms)
        self._reader = ReplyReader()
        self._asked: deque[SmtpCommand] = deque((SmtpCommand.GREETING,))
        self._parcel: Parcel | None = None
        self._refusal: TransactionReply | None = None
        self._unfinished = False  # the peer still holds a transaction that failed: RSET before the next MAIL
        self._over = False
        self.heard = 0  # answers so far: progress, where mere bytes are none

    @property
    def stage(self) -> AttemptStage:
        """What we wait for; MAIL where we wait for nothing."""
        return STAGES[self._asked[0]] if self._asked else AttemptStage.MAIL

    @property
    def pipelining(self) -> bool:
        """Whether the peer takes several commands in one write."""
        return "PIPELINING" in self._opening.extensions

    def receive(self, data: bytes) -> list[Action]:
        """What follows from these bytes."""
        actions: list[Action] = []
        heard = self._reader.feed(data)
        for number, reply in enumerate(heard, 1):
            if self._over:
                break
            if isinstance(reply, UnreadableReply):
                self._end(SessionEnded(self.stage, text=reply.text), actions)
            elif not self._asked:
                self._end(SessionEnded(AttemptStage.MAIL, reply), actions)
            else:
                more = number < len(heard) or self._reader.pending
                self._take(reply, actions, interrupted=more and len(self._asked) == 1)
        return actions

    def secured(self) -> list[Action]:
        """The handshake is done; what was heard before it is forgotten."""
        self._reader = ReplyReader()
        return [self._say(self._opening.secured())]

    def objection(self, parcel: Parcel) -> Reason | None:
        """Why this peer cannot be asked to take the parcel; to be known before ``begin``."""
        if _needs_utf8(parcel) and "SMTPUTF8" not in self._opening.extensions:
            return Reason.ADDRESS_NOT_SUPPORTED
        if not _PATH.fullmatch(parcel.recipient) or not (parcel.return_path == "" or _PATH.fullmatch(parcel.return_path)):
            return Reason.ADDRESS_NOT_SUPPORTED
        most = self._opening.extensions.get("SIZE", "")
        if most.isascii() and most.isdigit() and 0 < int(most[:20]) < len(parcel.data):
            return Reason.TOO_LARGE
        return None

    def begin(self, parcel: Parcel) -> bytes:
        """The first write of a transaction; only while none is opening, and after ``objection`` found nothing."""
        self._parcel, self._refusal = parcel, None
        reset = "RSET\r\n" if self._unfinished else ""
        self._unfinished = False
        if self.pipelining:
            self._asked.extend((SmtpCommand.RSET, *_ENVELOPE) if reset else _ENVELOPE)
            return f"{reset}{self._mail(parcel)}RCPT TO:<{parcel.recipient}>\r\nDATA\r\n".encode()
        self._asked.append(SmtpCommand.RSET if reset else SmtpCommand.MAIL)
        return (reset or self._mail(parcel)).encode()

    def body(self, following: Parcel | None = None) -> list[bytes]:
        """The body with its dot and, only where the peer is pipelining, the next transaction's envelope: one write."""
        parcel, self._parcel = self._parcel, None
        if parcel is None:
            raise RuntimeError("no transaction is opening")
        self._asked.append(SmtpCommand.DOT)
        pieces = [stuffed(parcel.data), b".\r\n"]
        if following is not None:
            pieces.append(self.begin(following))
        return pieces

    def quit(self) -> bytes:
        """Say goodbye; only while nothing is asked."""
        self._asked.append(SmtpCommand.QUIT)
        return b"QUIT\r\n"

    def _take(self, reply: Reply, actions: list[Action], *, interrupted: bool) -> None:
        """One reply by the table. ``interrupted``: it ended our flight, and yet the peer went on talking."""
        asked, mark = self._asked.popleft(), len(actions)
        self.heard += 1
        if reply.code == 421 and asked is not SmtpCommand.DOT:  # RFC 5321 section 3.8: it will close, whatever was asked
            self._end(SessionEnded(STAGES[asked], reply), actions)
            return
        step = self._TABLE.get(asked)
        if step is None:
            self._open(asked, reply, actions)
        else:
            step(self, reply, actions)
        if interrupted and not self._over:
            actions[mark:] = [action for action in actions[mark:] if type(action) is TransactionReply]
            self._end(SessionEnded(STAGES[asked], text="spoke while nothing was asked"), actions)

    def _say(self, say: SendCommand) -> SendCommand:
        self._asked.append(say.asked)
        return say

    def _end(self, ended: SessionEnded, actions: list[Action]) -> None:
        self._over = True
        actions.append(ended)

    def _open(self, asked: SmtpCommand, reply: Reply, actions: list[Action]) -> None:
        action = self._opening.take(asked, reply)
        if type(action) is SessionEnded:
            self._end(action, actions)
        else:
            actions.append(self._say(action) if type(action) is SendCommand else action)

    def _mail(self, parcel: Parcel) -> str:
        size = f" SIZE={len(parcel.data)}" if "SIZE" in self._opening.extensions else ""
        return f"MAIL FROM:<{parcel.return_path}>{size}{' SMTPUTF8' if _needs_utf8(parcel) else ''}\r\n"

    def _rset_said(self, reply: Reply, actions: list[Action]) -> None:
        if reply.kind != 2:
            self._end(SessionEnded(AttemptStage.MAIL, text=f"RSET was answered {reply.code} {reply.text}"), actions)
        elif self._parcel is not None and not self.pipelining:
            actions.append(self._say(SendCommand(self._mail(self._parcel).encode(), SmtpCommand.MAIL)))

    def _mail_said(self, reply: Reply, actions: list[Action]) -> None:
        self._envelope_said(AttemptStage.MAIL, reply, actions)

    def _rcpt_said(self, reply: Reply, actions: list[Action]) -> None:
        if reply.kind == 2 and self._refusal is not None:
            self._end(SessionEnded(AttemptStage.RCPT, text="RCPT was taken after MAIL was refused"), actions)
        else:
            self._envelope_said(AttemptStage.RCPT, reply, actions)

    def _envelope_said(self, stage: AttemptStage, reply: Reply, actions: list[Action]) -> None:
        """The first refusal is the answer; without pipelining the next command follows now."""
        if reply.kind not in (2, 4, 5):
            self._end(SessionEnded(stage, text=f"{reply.code} is no answer to {stage.upper()}"), actions)
            return
        if reply.kind != 2 and self._refusal is None:
            self._refusal = TransactionReply(stage, reply)
        if self.pipelining or self._parcel is None:
            return
        if self._refusal is not None:
            self._refuse(actions)
        elif stage is AttemptStage.MAIL:
            actions.append(self._say(ask(SmtpCommand.RCPT, f"RCPT TO:<{self._parcel.recipient}>")))
        else:
            actions.append(self._say(ask(SmtpCommand.DATA, "DATA")))

    def _data_said(self, reply: Reply, actions: list[Action]) -> None:
        if reply.kind == 3:
            actions.append(GoAhead() if self._refusal is None else self._say(ask(SmtpCommand.LONE_DOT, ".")))
        elif reply.kind not in (4, 5):
            self._end(SessionEnded(AttemptStage.DATA, text=f"{reply.code} is no answer to DATA"), actions)
        else:
            self._refusal = self._refusal or TransactionReply(AttemptStage.DATA, reply)
            self._refuse(actions)

    def _refuse(self, actions: list[Action]) -> None:
        """The transaction failed before its body."""
        if self._refusal is not None:
            actions.append(self._refusal)
        self._parcel, self._refusal, self._unfinished = None, None, True

    def _lone_dot_said(self, _reply: Reply, actions: list[Action]) -> None:
        self._refuse(actions)
        self._unfinished = False

    def _dot_said(self, reply: Reply, actions: list[Action]) -> None:
        actions.append(TransactionReply(AttemptStage.DOT, reply))
        if reply.kind not in (2, 4, 5) or reply.code == 421:
            self._end(SessionEnded(AttemptStage.MAIL, reply), actions)

    def _quit_said(self, reply: Reply, actions: list[Action]) -> None:
        self._end(SessionEnded(AttemptStage.MAIL, reply), actions)

    _TABLE: ClassVar = {
        SmtpCommand.RSET: _rset_said,
        SmtpCommand.MAIL: _mail_said,
        SmtpCommand.RCPT: _rcpt_said,
        SmtpCommand.DATA: _data_said,
        SmtpCommand.DOT: _dot_said,
        SmtpCommand.LONE_DOT: _lone_dot_said,
        SmtpCommand.QUIT: _quit_said,
    }


def stuffed(data: bytes) -> bytes:
    """``data`` so that no line of it is a lone dot (RFC 5321 section 4.5.2); it ends in CRLF."""
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    if data.startswith(b"."):
        data = b"." + data
    return data if data.find(b"\r\n.") < 0 else data.replace(b"\r\n.", b"\r\n..")


def _needs_utf8(parcel: Parcel) -> bool:
    return parcel.smtputf8 or not (parcel.recipient.isascii() and parcel.return_path.isascii())

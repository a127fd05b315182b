"""The client's side of an SMTP session as a table: command → the step its reply causes.

RFC 5321 sections 3.3 and 4 (transactions), 2920 (pipelining), 1870 (SIZE), 6531 (SMTPUTF8); the beginning of a session is in
``handshake``. Sans-IO: ``receive`` takes bytes and returns actions; it knows no socket, clock, gate or outcome.

Theory of operation. Replies come in the order of the commands, so the conversation has a queue of pending
commands; each reply goes to the step of the command at its head. A transaction has one recipient. With PIPELINING its MAIL, RCPT
and DATA are one write, and ``body`` puts those of the next transaction behind the dot; without, each command waits
for the reply before it. A reply without a pending command (a second one behind 220, 354 or the reply to STARTTLS:
response injection, RFC 3207 section 6, CVE-2021-38371) is out of step, and the session ends before anything more is sent or
believed.

Known sharp edges: where RCPT was refused and DATA is still answered with 354 a single dot is sent (RFC 2920 section
3.1); where a peer refuses MAIL and yet accepts RCPT, the session ends. A path is checked once more here, last before
the wire, though intake did it: a CR or LF in it would inject commands.
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
    command_line,
)
from posthouse.mail.smtp.reply import Reply, ReplyReader, UnreadableReply
from posthouse.model.content import Parcel
from posthouse.model.outcome import AttemptStage, Reason

_CONTROL: Final = r"\x00-\x1f\x7f-\x9f\ud800-\udfff"
_QUOTED: Final = rf'"(?:[^"\\{_CONTROL}]|\\[^{_CONTROL}])*"'
_PATH: Final = re.compile(rf'(?:{_QUOTED}|[^ "()<>,:;\\\[\]@{_CONTROL}]+)@[^ "<>\\@{_CONTROL}]+')
_ENVELOPE: Final = (SmtpCommand.MAIL, SmtpCommand.RCPT, SmtpCommand.DATA)


class ClientConversation:
    """One session. Call order: ``receive`` until SessionReady, then ``start_transaction``; at each GoAhead ``body``."""

    def __init__(self, terms: SessionTerms) -> None:
        """ValueError where the hostname cannot stand in EHLO."""
        self._handshake = Handshake(terms)
        self._reader = ReplyReader()
        self._pending: deque[SmtpCommand] = deque((SmtpCommand.GREETING,))
        self._parcel: Parcel | None = None
        self._refusal: TransactionReply | None = None
        self._unfinished = False  # the peer still has a transaction that failed: RSET before the next MAIL
        self._ended = False
        self.reply_count = 0  # replies so far: they are progress, mere bytes are not

    @property
    def stage(self) -> AttemptStage:
        """What we wait for; MAIL where no command is pending."""
        return STAGES[self._pending[0]] if self._pending else AttemptStage.MAIL

    @property
    def pipelining(self) -> bool:
        """Whether the peer takes several commands in one write."""
        return "PIPELINING" in self._handshake.extensions

    def receive(self, data: bytes) -> list[Action]:
        """What follows from these bytes."""
        actions: list[Action] = []
        replies = self._reader.feed(data)
        for number, reply in enumerate(replies, 1):
            if self._ended:
                break
            if isinstance(reply, UnreadableReply):
                self._end(SessionEnded(self.stage, text=reply.text), actions)
            elif not self._pending:
                self._end(SessionEnded(AttemptStage.MAIL, reply), actions)
            else:
                more_follows = number < len(replies) or self._reader.pending
                self._handle_reply(reply, actions, out_of_step=more_follows and len(self._pending) == 1)
        return actions

    def finish_handshake(self) -> list[Action]:
        """TLS is established; replies from before it do not count."""
        self._reader = ReplyReader()
        return [self._send(self._handshake.finish_handshake())]

    def unsupported_reason(self, parcel: Parcel) -> Reason | None:
        """Why the parcel cannot be sent to this peer, None where it can; to be checked before ``start_transaction``."""
        if _needs_utf8(parcel) and "SMTPUTF8" not in self._handshake.extensions:
            return Reason.ADDRESS_NOT_SUPPORTED
        if not _PATH.fullmatch(parcel.recipient) or not (parcel.return_path == "" or _PATH.fullmatch(parcel.return_path)):
            return Reason.ADDRESS_NOT_SUPPORTED
        limit = self._handshake.extensions.get("SIZE", "")
        if limit.isascii() and limit.isdigit() and 0 < int(limit[:20]) < len(parcel.data):
            return Reason.TOO_LARGE
        return None

    def start_transaction(self, parcel: Parcel) -> bytes:
        """The first write of a transaction; only while no other is being opened, and where ``unsupported_reason`` is None."""
        self._parcel, self._refusal = parcel, None
        reset = "RSET\r\n" if self._unfinished else ""
        self._unfinished = False
        if self.pipelining:
            self._pending.extend((SmtpCommand.RSET, *_ENVELOPE) if reset else _ENVELOPE)
            return f"{reset}{self._mail_command(parcel)}RCPT TO:<{parcel.recipient}>\r\nDATA\r\n".encode()
        self._pending.append(SmtpCommand.RSET if reset else SmtpCommand.MAIL)
        return (reset or self._mail_command(parcel)).encode()

    def body(self, following: Parcel | None = None) -> list[bytes]:
        """The body with its dot and, only where the peer is pipelining, the next transaction's envelope: one write."""
        parcel, self._parcel = self._parcel, None
        if parcel is None:
            raise RuntimeError("no transaction is opening")
        self._pending.append(SmtpCommand.DOT)
        pieces = [dot_stuffed(parcel.data), b".\r\n"]
        if following is not None:
            pieces.append(self.start_transaction(following))
        return pieces

    def quit(self) -> bytes:
        """End the session; only while no command is pending."""
        self._pending.append(SmtpCommand.QUIT)
        return b"QUIT\r\n"

    def _handle_reply(self, reply: Reply, actions: list[Action], *, out_of_step: bool) -> None:
        """One reply by the table. ``out_of_step``: it answers the last pending command, and yet the peer sent more."""
        command, first_new = self._pending.popleft(), len(actions)
        self.reply_count += 1
        if reply.code == 421 and command is not SmtpCommand.DOT:  # RFC 5321 section 3.8: it will close, whatever the command
            self._end(SessionEnded(STAGES[command], reply), actions)
            return
        step = self._TABLE.get(command)
        if step is None:
            self._continue_handshake(command, reply, actions)
        else:
            step(self, reply, actions)
        if out_of_step and not self._ended:
            actions[first_new:] = [action for action in actions[first_new:] if type(action) is TransactionReply]
            self._end(SessionEnded(STAGES[command], text="sent a reply without a command"), actions)

    def _send(self, action: SendCommand) -> SendCommand:
        self._pending.append(action.command)
        return action

    def _end(self, ended: SessionEnded, actions: list[Action]) -> None:
        self._ended = True
        actions.append(ended)

    def _continue_handshake(self, command: SmtpCommand, reply: Reply, actions: list[Action]) -> None:
        action = self._handshake.handle_reply(command, reply)
        if type(action) is SessionEnded:
            self._end(action, actions)
        else:
            actions.append(self._send(action) if type(action) is SendCommand else action)

    def _mail_command(self, parcel: Parcel) -> str:
        size = f" SIZE={len(parcel.data)}" if "SIZE" in self._handshake.extensions else ""
        return f"MAIL FROM:<{parcel.return_path}>{size}{' SMTPUTF8' if _needs_utf8(parcel) else ''}\r\n"

    def _on_rset(self, reply: Reply, actions: list[Action]) -> None:
        if reply.kind != 2:
            self._end(SessionEnded(AttemptStage.MAIL, text=f"RSET was answered {reply.code} {reply.text}"), actions)
        elif self._parcel is not None and not self.pipelining:
            actions.append(self._send(SendCommand(self._mail_command(self._parcel).encode(), SmtpCommand.MAIL)))

    def _on_mail(self, reply: Reply, actions: list[Action]) -> None:
        self._on_envelope(AttemptStage.MAIL, reply, actions)

    def _on_rcpt(self, reply: Reply, actions: list[Action]) -> None:
        if reply.kind == 2 and self._refusal is not None:
            self._end(SessionEnded(AttemptStage.RCPT, text="RCPT was accepted after MAIL was refused"), actions)
        else:
            self._on_envelope(AttemptStage.RCPT, reply, actions)

    def _on_envelope(self, stage: AttemptStage, reply: Reply, actions: list[Action]) -> None:
        """The first refusal is the result; without pipelining the next command follows now."""
        if reply.kind not in (2, 4, 5):
            self._end(SessionEnded(stage, text=f"{reply.code} is no answer to {stage.upper()}"), actions)
            return
        if reply.kind != 2 and self._refusal is None:
            self._refusal = TransactionReply(stage, reply)
        if self.pipelining or self._parcel is None:
            return
        if self._refusal is not None:
            self._fail_transaction(actions)
        elif stage is AttemptStage.MAIL:
            actions.append(self._send(command_line(SmtpCommand.RCPT, f"RCPT TO:<{self._parcel.recipient}>")))
        else:
            actions.append(self._send(command_line(SmtpCommand.DATA, "DATA")))

    def _on_data(self, reply: Reply, actions: list[Action]) -> None:
        if reply.kind == 3:
            actions.append(GoAhead() if self._refusal is None else self._send(command_line(SmtpCommand.SINGLE_DOT, ".")))
        elif reply.kind not in (4, 5):
            self._end(SessionEnded(AttemptStage.DATA, text=f"{reply.code} is no answer to DATA"), actions)
        else:
            self._refusal = self._refusal or TransactionReply(AttemptStage.DATA, reply)
            self._fail_transaction(actions)

    def _fail_transaction(self, actions: list[Action]) -> None:
        """The transaction failed before its body."""
        if self._refusal is not None:
            actions.append(self._refusal)
        self._parcel, self._refusal, self._unfinished = None, None, True

    def _on_single_dot(self, _reply: Reply, actions: list[Action]) -> None:
        self._fail_transaction(actions)
        self._unfinished = False

    def _on_dot(self, reply: Reply, actions: list[Action]) -> None:
        actions.append(TransactionReply(AttemptStage.DOT, reply))
        if reply.kind not in (2, 4, 5) or reply.code == 421:
            self._end(SessionEnded(AttemptStage.MAIL, reply), actions)

    def _on_quit(self, reply: Reply, actions: list[Action]) -> None:
        self._end(SessionEnded(AttemptStage.MAIL, reply), actions)

    _TABLE: ClassVar = {
        SmtpCommand.RSET: _on_rset,
        SmtpCommand.MAIL: _on_mail,
        SmtpCommand.RCPT: _on_rcpt,
        SmtpCommand.DATA: _on_data,
        SmtpCommand.DOT: _on_dot,
        SmtpCommand.SINGLE_DOT: _on_single_dot,
        SmtpCommand.QUIT: _on_quit,
    }


def dot_stuffed(data: bytes) -> bytes:
    """``data`` so that no line of it is a lone dot (RFC 5321 section 4.5.2); it ends in CRLF."""
    if not data.endswith(b"\r\n"):
        data += b"\r\n"
    if data.startswith(b"."):
        data = b"." + data
    return data if data.find(b"\r\n.") < 0 else data.replace(b"\r\n.", b"\r\n..")


def _needs_utf8(parcel: Parcel) -> bool:
    return parcel.smtputf8 or not (parcel.recipient.isascii() and parcel.return_path.isascii())

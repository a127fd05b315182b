"""One session of the fake mail server.

The commands of RFC 5321 as far as a client needs them; where a fault is asked for (``posthouse.testing.faults``), that instead.
"""

import asyncio
import base64
import contextlib
import re
import time
from collections.abc import Callable
from typing import Any, ClassVar, Final, cast

from posthouse.testing import faults
from posthouse.testing.fake_mx_state import FakeMxState, ReceivedMail
from posthouse.testing.fake_mx_wire import FakeMxWire
from posthouse.testing.faults import ScriptedFault, reply

_PATH: Final = re.compile(rb"(?:MAIL FROM|RCPT TO):<((?:\"(?:\\.|[^\"\\])*\"|[^\">])*)>", re.IGNORECASE | re.DOTALL)
_ACCEPTED_ANYWAY: Final = ("accept", "slow", "drip", "twice")


class FakeMxSession(asyncio.Protocol):
    """``closed`` is done when the connection is."""

    wire: FakeMxWire

    def __init__(self, state: FakeMxState) -> None:
        self._state = state
        self._buffer = bytearray()
        self._searched = 0
        self._mode: Callable[[], bool] = self._command
        self._sender: bytes | None = None
        self._recipients: list[bytes] = []
        self._fault: ScriptedFault | None = None
        self._user = b""
        self._tls = ""
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    # --- the connection ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asyncio's: greet, or not."""
        self.wire = FakeMxWire(cast("asyncio.Transport", transport), self._process)
        self._tls = self.wire.tls
        state, limit = self._state, self._state.behaviour.max_connections
        state.counts["connections"] += 1
        if limit and len(state.open) >= limit:
            state.counts["turned_away"] += 1
            self.wire.close(reply("421", "4.7.0", "Too many connections"))
            return
        state.open.add(self)
        state.counts["max_open"] = max(state.counts["max_open"], len(state.open))
        self.wire.greet(*state.behaviour.greet.partition(":")[::2])
        self.wire.flush()

    def data_received(self, data: bytes) -> None:
        """Asyncio's: process the complete commands, reply in one write."""
        self._buffer += data
        self._process()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        """Asyncio's."""
        self._state.open.discard(self)
        self.wire.end()
        if not self.closed.done():
            self.closed.set_result(None)

    def cut(self) -> None:
        """Close at once."""
        self.wire.transport.abort()

    def _process(self) -> None:
        while not (self.wire.ignores_input or self.wire.busy) and self._mode():
            pass
        self.wire.flush()

    # --- commands ---

    def _next_line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            return None
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        return line

    def _command(self) -> bool:
        line = self._next_line()
        if line is None:
            return False
        self._state.commands.append((bool(self._tls), line))
        handler = self._VERBS.get(line[:4].upper())
        if handler is None:
            self.wire.send(reply("500", "5.5.2", "What?"))
        else:
            handler(self, line)
        return True

    def _ehlo(self, _line: bytes) -> None:
        behaviour = self._state.behaviour
        if behaviour.hello != "250":
            self.wire.send(reply(behaviour.hello))
            return
        offers = behaviour.offers(encrypted=bool(self._tls))
        self.wire.send(*(f"250-{offer}\r\n".encode() for offer in offers[:-1]), f"250 {offers[-1]}\r\n".encode())
        self._reset()

    def _helo(self, _line: bytes) -> None:
        self.wire.send(b"250 fake.mx\r\n")

    def _starttls(self, _line: bytes) -> None:
        go_ahead = b"220 2.0.0 Go ahead\r\n"
        match self._state.behaviour.starttls:
            case "454":
                self.wire.send(reply("454", "4.7.0", "TLS not available"))
            case "drop":
                self.wire.close(go_ahead)
            case "stall":
                self.wire.send(go_ahead)
                self.wire.stop_replying()
            case "inject":
                self.wire.send(go_ahead, b"250 injected\r\n")
            case _:
                self.wire.send(go_ahead)
                self.wire.flush()
                self._buffer.clear()
                self.wire.busy = True
                self.wire.start(self._secure())

    async def _secure(self) -> None:
        context = self._state.context
        if context is None:
            return
        with contextlib.suppress(OSError):
            secured = await asyncio.get_running_loop().start_tls(self.wire.transport, self, context, server_side=True)
            if secured is not None:
                self.wire.transport = secured
                self._tls = self.wire.tls
                self._reset()
                self.wire.busy = False
                self._process()

    def _auth(self, line: bytes) -> None:
        _, mechanism, *initial = line.split(b" ")
        if mechanism.upper() == b"PLAIN" and initial:
            _, user, password = base64.b64decode(initial[0]).split(b"\0")
            self._check_password(user, password)
        elif mechanism.upper() == b"LOGIN":
            self._user = b""
            self._mode = self._login
            self.wire.send(b"334 VXNlcm5hbWU6\r\n")
        else:
            self.wire.send(reply("504", "5.5.4"))

    def _login(self) -> bool:
        line = self._next_line()
        if line is None:
            return False
        if not self._user:
            self._user = base64.b64decode(line)
            self.wire.send(b"334 UGFzc3dvcmQ6\r\n")
        else:
            self._mode = self._command
            self._check_password(self._user, base64.b64decode(line))
        return True

    def _check_password(self, user: bytes, password: bytes) -> None:
        right = self._state.behaviour.auth.get(user.decode()) == password.decode()
        self.wire.send(reply("235", "2.7.0", "Welcome") if right else reply("535", "5.7.8", "Wrong"))

    # --- transactions ---

    def _mail(self, line: bytes) -> None:
        path = _PATH.match(line)
        following = _PATH.match(bytes(self._buffer[: self._buffer.find(b"\r\n") + 1]))
        if self._sender is not None or path is None:
            self.wire.send(reply("503", "5.5.1", "Nested MAIL") if path else reply("501", "5.5.4"))
            return
        fault = (faults.in_path(following[1]) if following else None) or faults.in_path(path[1])
        if self._answer("mail", reply("250", "2.1.0", "Sender ok"), fault):
            self._sender, self._recipients, self._fault = path[1], [], None

    def _rcpt(self, line: bytes) -> None:
        path = _PATH.match(line)
        if self._sender is None or path is None:
            self.wire.send(reply("503", "5.5.1", "Need MAIL") if path else reply("501", "5.5.4"))
            return
        fault = faults.in_path(path[1]) or faults.in_path(self._sender)
        if fault is not None and fault.stage == "rcpt" and fault.kind == "grey":
            fault = self._grey(fault, (self._sender, path[1]))
        if self._answer("rcpt", reply("250", "2.1.5", "Recipient ok"), fault):
            self._recipients.append(path[1])
            self._fault = fault

    def _grey(self, fault: ScriptedFault, pair: tuple[bytes, bytes]) -> ScriptedFault | None:
        now, tries = self._state.clock.monotonic(), self._state.first_tries
        if pair in tries and now - tries[pair] >= fault.number(60):
            return None
        tries.setdefault(pair, now)
        return ScriptedFault("rcpt", "450", ("4-7-1", "Greylisted, please try again"))

    def _data(self, _line: bytes) -> None:
        if not self._recipients:
            self.wire.send(reply("503", "5.5.1", "No valid recipients"))
        elif self._answer("data", reply("354", "", "End with <CRLF>.<CRLF>"), self._fault):
            self._mode, self._searched = self._body, 0
            if self._fault is not None and self._fault.stage == "body":
                self._while_reading(self._fault)

    def _while_reading(self, fault: ScriptedFault) -> None:
        if fault.kind == "early":
            self.wire.send_later(0.0, reply(str(fault.number(552))))
        else:
            self.wire.stop_reading()

    def _body(self) -> bool:
        if self._buffer.startswith(b".\r\n"):
            body, end = b"", 3
        else:
            at = self._buffer.find(b"\r\n.\r\n", max(0, self._searched - 4))
            if at < 0:
                self._searched = len(self._buffer)
                return False
            body, end = bytes(self._buffer[: at + 2]), at + 5
        del self._buffer[:end]
        self._mode = self._command
        self._dot((body[1:] if body.startswith(b".") else body).replace(b"\r\n..", b"\r\n."))
        return True

    def _dot(self, data: bytes) -> None:
        fault, state = self._fault, self._state
        if fault is None or fault.stage != "dot" or fault.kind.startswith(_ACCEPTED_ANYWAY):
            for recipient in self._recipients:
                state.record(ReceivedMail(self._sender or b"", recipient, data, self._tls, time.time()))
        self._reset()
        good = reply("250", "2.0.0", f"Ok: queued as {state.counts['messages']:X}")
        if self._answer("dot", good, fault) and fault is not None and fault.stage == "after":
            self._act(fault, b"")

    def _answer(self, stage: str, usual: bytes, fault: ScriptedFault | None) -> bool:
        """Send the usual reply, or do what the fault at this stage asks for; whether the reply was positive."""
        if fault is None or fault.stage != stage:
            self.wire.send(usual)
            return True
        text = faults.faulty_reply(fault, usual)
        if text is None:
            return self._act(fault, usual)
        self.wire.send(text)
        if fault.kind == "421":
            self.wire.close()
        return fault.kind == "twice"

    def _act(self, fault: ScriptedFault, usual: bytes) -> bool:
        """Faults of behaviour; whether the usual reply will still be sent."""
        match fault.kind.removeprefix("accept_"):
            case "slow":
                self.wire.send_later(fault.number(50) / 1000, usual)
            case "drip":
                self.wire.send_later(0.0, usual, gap=fault.number(5) / 1000)
            case "4xx":
                self.wire.send(reply("451", "4.3.0", "Accepted, and yet an error"))
            case "close":
                self.wire.close()
            case "rst":
                self.wire.reset()
            case "half":
                self.wire.close_half()
            case _:
                self.wire.stop_replying()
        return fault.kind in ("slow", "drip")

    def _rset(self, _line: bytes) -> None:
        self._reset()
        self.wire.send(reply("250", "2.0.0", "Ok"))

    def _noop(self, _line: bytes) -> None:
        self.wire.send(reply("250", "2.0.0", "Ok"))

    def _quit(self, _line: bytes) -> None:
        self._state.counts["quits"] += 1
        self.wire.close(reply("221", "2.0.0", "Bye"))

    def _reset(self) -> None:
        self._sender, self._recipients, self._fault = None, [], None

    _VERBS: ClassVar[dict[bytes, Callable[[Any, bytes], None]]] = {
        b"EHLO": _ehlo,
        b"HELO": _helo,
        b"STAR": _starttls,
        b"AUTH": _auth,
        b"MAIL": _mail,
        b"RCPT": _rcpt,
        b"DATA": _data,
        b"RSET": _rset,
        b"NOOP": _noop,
        b"QUIT": _quit,
    }

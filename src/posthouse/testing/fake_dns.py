"""A scripted name server, over UDP and TCP, on loopback.

A zone is ``{name: {type: [record text, …]}}``: ``{"shop.test": {"MX": ["10 mx.shop.test."]}, "mx.shop.test": {"A":
["127.0.0.1"]}}``. A name that is in the zone but lacks the type has no such record; one that is not there does not exist. The
zone may be changed while it runs. Names that end so never get a good answer, after Exim's fakens: ``again.dns`` SERVFAIL,
``fail.dns`` REFUSED, ``silent.dns`` nothing, ``junk.dns`` bytes that are no answer, ``slow.dns`` the right answer, late.
"""

import asyncio
from typing import Any, Final, Self, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

Zone = dict[str, dict[str, list[str]]]

_UDP_BYTES: Final = 512
_CHAIN: Final = 20
_RCODES: Final = {"again.dns": dns.rcode.SERVFAIL, "fail.dns": dns.rcode.REFUSED}


class FakeDns:
    """``questions``: every one, as (name, type, ``udp`` or ``tcp``). ``ttl``, ``negative_ttl``, ``delay``: seconds."""

    def __init__(self, zone: Zone, *, ttl: int = 300, negative_ttl: int = 60, delay: float = 1.0) -> None:
        """``delay`` is what ``slow.dns`` takes."""
        self.zone = zone
        self.questions: list[tuple[str, str, str]] = []
        self.port = 0
        self._ttl = ttl
        self._negative_ttl = negative_ttl
        self._delay = delay
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, host: str = "127.0.0.1") -> None:
        """Listen on one port for both."""
        self._tcp = await asyncio.start_server(self._converse, host, 0)
        self.port = self._tcp.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        self._udp, _ = await loop.create_datagram_endpoint(lambda: _Udp(self), local_addr=(host, self.port))

    async def stop(self) -> None:
        """Close everything."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        await asyncio.sleep(0)

    async def __aenter__(self) -> Self:
        """Listen."""
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        await self.stop()

    def answer(self, question: bytes, over: str) -> tuple[bytes, float] | None:
        """The answer and how late (seconds) it comes; None for none."""
        try:
            query = dns.message.from_wire(question)
        except dns.exception.DNSException:
            return None
        asked = query.question[0]
        name, type = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
        self.questions.append((name, type, over))
        if name.endswith("silent.dns"):
            return None
        if name.endswith("junk.dns"):
            return question[:2] + b"\xff" * 20, 0.0
        response = dns.message.make_response(query, recursion_available=True)
        rcode = next((rcode for ending, rcode in _RCODES.items() if name.endswith(ending)), None)
        if rcode is not None:
            response.set_rcode(rcode)
        else:
            self._fill(response, name, type)
        delay = self._delay if name.endswith("slow.dns") else 0.0
        return self._wire(response, over), delay

    def _fill(self, response: dns.message.Message, name: str, type: str) -> None:
        records = self.zone.get(name)
        for _ in range(_CHAIN):
            alias = records.get("CNAME") if records is not None and type != "CNAME" else None
            if alias is None:
                break
            response.answer.append(dns.rrset.from_text(name + ".", self._ttl, "IN", "CNAME", *alias))
            name = alias[0].rstrip(".")
            records = self.zone.get(name)
        if records is not None and records.get(type):
            response.answer.append(dns.rrset.from_text(name + ".", self._ttl, "IN", type, *records[type]))
            return
        if records is None:
            response.set_rcode(dns.rcode.NXDOMAIN)
        soa = f"ns.test. hostmaster.test. 1 3600 600 86400 {self._negative_ttl}"
        response.authority.append(dns.rrset.from_text("test.", self._negative_ttl, "IN", "SOA", soa))

    def _wire(self, response: dns.message.Message, over: str) -> bytes:
        wire = response.to_wire()
        if over == "udp" and len(wire) > _UDP_BYTES:
            response.answer.clear()
            response.flags |= dns.flags.TC
            wire = response.to_wire()
        return wire

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                question = await reader.readexactly(int.from_bytes(await reader.readexactly(2), "big"))
                answer = self.answer(question, "tcp")
                if answer is not None:
                    await asyncio.sleep(answer[1])
                    writer.write(len(answer[0]).to_bytes(2, "big") + answer[0])
        except (asyncio.IncompleteReadError, OSError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()


class _Udp(asyncio.DatagramProtocol):
    def __init__(self, server: FakeDns) -> None:
        self._server = server
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        answer = self._server.answer(data, "udp")
        if answer is not None:
            asyncio.get_running_loop().call_later(answer[1], self._send, answer[0], addr)

    def _send(self, wire: bytes, addr: tuple[str | Any, int]) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(wire, addr)

"""The loop that works on what came back, put together; and how a certificate of a provider is fetched."""

import asyncio
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from posthouse.journeys.announce import Announcer
from posthouse.journeys.feedback import FeedbackParts, Taking
from posthouse.journeys.feedback_work import FeedbackWork, WorkParts
from posthouse.journeys.forwarding import Forwarder
from posthouse.journeys.letters import LetterParts, Letters
from posthouse.mail.address import parse_mailbox
from posthouse.model.http import HttpRequest, HttpResponse
from posthouse.model.mailbox import Mailbox
from posthouse.net.confine import Confined
from posthouse.net.http import HttpClient
from posthouse.store.suppression_lookup import load_key

if TYPE_CHECKING:
    from posthouse.app.fanout import RoleParts

WITHIN: Final = timedelta(seconds=10)
MOST_CERTIFICATES: Final = 32


class FeedbackLoop:
    """Reports and hooks, one after the other; what strangers wrote is read by a confined child."""

    def __init__(self, parts: "RoleParts") -> None:
        """Nothing is started yet."""
        self._parts = parts

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        parts = self._parts
        readers = Confined((sys.executable, "-m", "posthouse.app.confined", "read"))
        key = await load_key(parts.database, parts.sealer, parts.entropy.bytes)
        feedback = FeedbackParts(database=parts.database, clock=parts.clock, entropy=parts.entropy, key=key)
        work = FeedbackWork(
            WorkParts(
                database=parts.database, sealer=parts.sealer, clock=parts.clock, taking=Taking(feedback),
                letters=self._letters(feedback), readers=readers, ask=self._ask,
            )
        )  # fmt: skip
        try:
            await work.run(stop)
        finally:
            await readers.close()

    def _letters(self, feedback: FeedbackParts) -> Letters:
        parts, settings = self._parts, self._parts.settings
        forwarder = Forwarder(parts.sealer, settings.hostname, parts.entropy.new_id, Announcer(parts.database))
        operator = parse_mailbox(settings.operator) if settings.operator else None
        return Letters(
            LetterParts(
                feedback=feedback, sealer=parts.sealer, forwarder=forwarder,
                ours=(settings.hostname, settings.return_path_domain or settings.hostname),
                operator=operator if isinstance(operator, Mailbox) else None,
            )
        )  # fmt: skip

    async def _ask(self, url: str) -> bool:
        answer = await self._parts.http.send(HttpRequest(method="GET", url=url, repeatable=True), within=WITHIN)
        return isinstance(answer, HttpResponse) and answer.status == 200


class Certificates:
    """Certificates by their address, fetched once; addresses are checked by whoever asks."""

    def __init__(self, http: HttpClient) -> None:
        """None is known yet."""
        self._http = http
        self._known: dict[str, bytes] = {}

    async def __call__(self, url: str) -> bytes | None:
        """The PEM that stands there, or None."""
        if url not in self._known:
            answer = await self._http.send(HttpRequest(method="GET", url=url, repeatable=True), within=WITHIN)
            if not isinstance(answer, HttpResponse) or answer.status != 200:
                return None
            if len(self._known) >= MOST_CERTIFICATES:
                self._known.clear()
            self._known[url] = answer.body
        return self._known[url]

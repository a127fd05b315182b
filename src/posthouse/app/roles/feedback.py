"""The loop that works on what came back, put together; and how a certificate of a provider is fetched."""

import asyncio
import sys

from posthouse.app.runtime.certificates import WITHIN
from posthouse.app.runtime.parts import RoleParts
from posthouse.mail.address import parse_mailbox
from posthouse.model.http import HttpRequest, HttpResponse
from posthouse.model.mailbox import Mailbox
from posthouse.net.confine import ConfinedPool
from posthouse.pipeline.accept.notify_workers import WorkerNotifier
from posthouse.pipeline.feedback.loop import FeedbackLoop as FeedbackWork
from posthouse.pipeline.feedback.loop import FeedbackLoopParts
from posthouse.pipeline.feedback.replies import PersonalReplies, ReplyParts
from posthouse.pipeline.feedback.reply_forwarder import ReplyForwarder
from posthouse.pipeline.feedback.take import FeedbackParts, FeedbackTaker
from posthouse.store.recipients.suppression_lookup import load_key


class FeedbackRoleLoop:
    """Reports and hooks, one after the other; what strangers wrote is read by a confined child."""

    def __init__(self, parts: RoleParts) -> None:
        """Nothing is started yet."""
        self._parts = parts

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        parts = self._parts
        readers = ConfinedPool((sys.executable, "-m", "posthouse.app.confined", "read"))
        key = await load_key(parts.database, parts.sealer, parts.entropy.bytes)
        feedback = FeedbackParts(database=parts.database, clock=parts.clock, entropy=parts.entropy, key=key)
        work = FeedbackWork(
            FeedbackLoopParts(
                database=parts.database, sealer=parts.sealer, clock=parts.clock, taking=FeedbackTaker(feedback),
                letters=self._letters(feedback), readers=readers, ask=self._ask,
            )
        )  # fmt: skip
        try:
            await work.run(stop)
        finally:
            await readers.close()

    def _letters(self, feedback: FeedbackParts) -> PersonalReplies:
        parts, settings = self._parts, self._parts.settings
        forwarder = ReplyForwarder(parts.sealer, settings.hostname, parts.entropy.new_id, WorkerNotifier(parts.database))
        operator = parse_mailbox(settings.operator) if settings.operator else None
        return PersonalReplies(
            ReplyParts(
                feedback=feedback, sealer=parts.sealer, forwarder=forwarder,
                ours=(settings.hostname, settings.return_path_domain or settings.hostname),
                operator=operator if isinstance(operator, Mailbox) else None,
            )
        )  # fmt: skip

    async def _ask(self, url: str) -> bool:
        answer = await self._parts.http.send(HttpRequest(method="GET", url=url, repeatable=True), within=WITHIN)
        return isinstance(answer, HttpResponse) and answer.status == 200

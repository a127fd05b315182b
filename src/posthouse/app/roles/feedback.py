"""The loop that works on returned mail and providers' hooks, put together."""

import asyncio
from typing import Final

from posthouse.app.runtime.certificates import WITHIN
from posthouse.app.runtime.confined import confined_command
from posthouse.app.runtime.runtime import Runtime
from posthouse.mail.address import parse_mailbox
from posthouse.model.http import HttpRequest, HttpResponse
from posthouse.model.mailbox import Mailbox
from posthouse.net.confine import ConfinedPool
from posthouse.pipeline.accept.notify_workers import WorkerNotifier
from posthouse.pipeline.feedback.loop import FeedbackLoop, FeedbackLoopParts
from posthouse.pipeline.feedback.replies import PersonalReplies, ReplyParts
from posthouse.pipeline.feedback.reply_forwarder import ReplyForwarder
from posthouse.pipeline.feedback.take import FeedbackParts, FeedbackTaker
from posthouse.store.recipients.suppression_lookup import load_key

READ_WALL_SECONDS: Final = 10.0  # for half a second of processor time, which others may want too


class FeedbackRoleLoop:
    """Reports and hooks, one after the other; what strangers wrote is read by a confined child."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        runtime = self._runtime
        readers = ConfinedPool(confined_command("read"), work="read", wall=READ_WALL_SECONDS)
        key = await load_key(runtime.database, runtime.sealer, runtime.entropy.bytes)
        feedback = FeedbackParts(database=runtime.database, clock=runtime.clock, entropy=runtime.entropy, key=key)
        loop = FeedbackLoop(
            FeedbackLoopParts(
                database=runtime.database,
                sealer=runtime.sealer,
                clock=runtime.clock,
                taker=FeedbackTaker(feedback),
                replies=self._build_replies(feedback),
                readers=readers,
                confirm=self._confirm_subscription,
            )
        )
        try:
            await loop.run(stop)
        finally:
            await readers.close()

    def _build_replies(self, feedback: FeedbackParts) -> PersonalReplies:
        runtime, settings = self._runtime, self._runtime.settings
        forwarder = ReplyForwarder(runtime.sealer, settings.hostname, runtime.entropy.new_id, WorkerNotifier(runtime.database))
        operator = parse_mailbox(settings.operator) if settings.operator else None
        return PersonalReplies(
            ReplyParts(
                feedback=feedback,
                sealer=runtime.sealer,
                forwarder=forwarder,
                own_domains=(settings.hostname, settings.return_path_domain or settings.hostname),
                operator=operator if isinstance(operator, Mailbox) else None,
            )
        )

    async def _confirm_subscription(self, url: str) -> bool:
        answer = await self._runtime.http.send(HttpRequest(method="GET", url=url, repeatable=True), within=WITHIN)
        return isinstance(answer, HttpResponse) and answer.status == 200

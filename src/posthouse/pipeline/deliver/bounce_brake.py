"""The brakes at work: what each mailbox provider answers is counted, compared with what it usually answers, and acted on.

A worker counts in memory and adds to the database every two seconds, all providers in one statement; only those that gave a
hard bounce meanwhile are judged. A brake that is put on makes the provider's latest entries provisional and tells
operations; it stays on until half an hour after the last time that the share was too high, and each worker hears of it
within two seconds. It goes off by itself. What is held then awaits a second look: the next mail is tried, and either
arrives or makes the entry firm.

Once in five minutes the list's size is measured and its growth compared with the week before.

Known sharp edges: the fifty answers that put a brake on were told of as hard bounces before it was on; the alert names
the provider and the time, so that an application can go back to them.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog

from posthouse.model.clock import Clock
from posthouse.model.event import EventType
from posthouse.model.suppression import AnswerCounts, BounceBrake
from posthouse.model.time_format import iso_millis
from posthouse.net.entropy import Entropy
from posthouse.pipeline.alerts.lockout import window_of
from posthouse.policy.recipients.bounce_brake import BACK, BASE, HOLD, WINDOW, is_jump
from posthouse.store.messages import events
from posthouse.store.postgres.database import Database, Session
from posthouse.store.recipients import bounce_brakes, suppression_rule
from posthouse.store.recipients.bounce_brakes import Provider
from posthouse.telemetry import metrics

log = structlog.get_logger()

EVERY: Final = 2.0
LOOK_AROUND: Final = 300.0
LEAST_GROWTH: Final = 100
GROWTH_TIMES: Final = 5
_DAY: Final = timedelta(days=1)


class BounceBrakes:
    """One per worker; ``tick`` often, it does something when it is time."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        """Nothing was heard, and no brake is known to be on."""
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._heard: dict[Provider, list[int]] = {}
        self._on: dict[Provider, datetime] = {}
        self._next = self._look_around = clock.monotonic()

    def hear(self, provider: Provider, *, hard: bool) -> None:
        """One answer of a mailbox provider."""
        counts = self._heard.get(provider)
        if counts is None:
            counts = self._heard[provider] = [0, 0]
        counts[0] += 1
        counts[1] += hard

    def until(self, provider: Provider, now: datetime) -> datetime | None:
        """Until when this provider's brake is on; None: it is off."""
        found = self._on.get(provider)
        return found if found is not None and found > now else None

    async def tick(self) -> None:
        """Every two seconds: add up, judge, and hear of others' brakes. Errors: what Postgres raises; nothing heard is lost."""
        if self._clock.monotonic() < self._next:
            return
        self._next = self._clock.monotonic() + EVERY
        heard, self._heard = self._heard, {}
        try:
            async with self._database.session() as session:
                now = self._clock.now()
                await bounce_brakes.count(session, {place: AnswerCounts(*counts) for place, counts in heard.items()}, now)
                heard, judged = {}, [place for place, counts in heard.items() if counts[1]]
                await self._judge(session, judged, now)
                self._on = await bounce_brakes.on(session, now)
                if self._clock.monotonic() >= self._look_around:
                    self._look_around = self._clock.monotonic() + LOOK_AROUND
                    await self._look(session, now)
        finally:
            for place, (attempts, hard) in heard.items():
                counts = self._heard.setdefault(place, [0, 0])
                counts[0], counts[1] = counts[0] + attempts, counts[1] + hard

    async def _judge(self, session: Session, providers: list[Provider], now: datetime) -> None:
        if not providers:
            return
        for provider, found in zip(
            providers, await bounce_brakes.answers(session, providers, now - WINDOW, now - BASE), strict=True
        ):
            if is_jump(found.window, found.base):
                await self._put_on(session, provider, found, now)

    async def _put_on(self, session: Session, provider: Provider, why: BounceBrake, now: datetime) -> None:
        async with session.transaction():
            fresh, held = await bounce_brakes.put_on(session, provider, why, now, now + HOLD, doubted_from=now - BACK)
            if fresh:
                data = {
                    "provider": provider[2], "attempts": why.window.attempts, "hard": why.window.hard, "base": round(why.base.share, 4),
                    "provisional": held, "until": iso_millis(now + HOLD),
                }  # fmt: skip
                kind = EventType.ALERT_SUPPRESSION_BRAKE.value
                await events.append(session, provider[0], provider[1], self._entropy.new_id(now), kind, now, data)
        if fresh:
            metrics.BRAKES.inc()
            log.error("brake on: a mailbox provider refuses too many", provider=provider[2], hard=why.window.hard, held=held)

    async def _look(self, session: Session, now: datetime) -> None:
        """Sizes for the metrics, growth for the alert, and old counts away."""
        totals: dict[str, int] = {}
        for tenant in await suppression_rule.owners(session):
            for environment in (0, 1):
                for cause, count in (await suppression_rule.sizes(session, tenant, environment)).items():
                    totals[cause] = totals.get(cause, 0) + count
                await self._grown(session, tenant, environment, now)
        for cause, count in totals.items():
            metrics.SUPPRESSIONS.labels(cause).set(count)
        await bounce_brakes.forget_old(session, now, BASE)

    async def _grown(self, session: Session, tenant: int, environment: int, now: datetime) -> None:
        day, week = await suppression_rule.growth(session, tenant, environment, now)
        if day < LEAST_GROWTH or day <= GROWTH_TIMES * week / 7:
            return
        async with session.transaction():
            if await events.first_in_window(session, tenant, environment, "suppression_growth", window_of(now, _DAY)):
                data = {"added": day, "usual": round(week / 7, 1), "hours": 24}
                kind = EventType.ALERT_SUPPRESSION_GROWTH.value
                await events.append(session, tenant, environment, self._entropy.new_id(now), kind, now, data)
                log.warning("suppression list grows", **data)

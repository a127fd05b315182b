"""The bounce brake at work: what each mailbox provider answers is counted, compared with what it usually answers, and acted on.

A worker counts in memory and adds to the database every two seconds, all providers in one statement; only those that gave a
hard bounce meanwhile are judged. A brake that is applied makes the provider's latest suppressions provisional and raises an
alert; it holds until half an hour after the last time that the share was too high, and each worker knows of it
within two seconds. It is released by itself. Mail that waited is then looked at again: the next one is tried, and either
arrives or makes the suppression firm.

Once in five minutes the list's size is measured and its growth compared with the week before.

Known sharp edges: the fifty answers that applied a brake were published as hard bounces before; the alert names
the provider and the time, so that an application can go back to them.
"""

from datetime import datetime
from typing import Final

import structlog

from posthouse.model.clock import Clock
from posthouse.model.suppression import AnswerCounts, BounceBrake
from posthouse.model.time_format import iso_millis
from posthouse.net.entropy import Entropy
from posthouse.pipeline.alerts.emit import NewAlert, raise_alert
from posthouse.policy.alerts import suppression_brake, suppression_growth
from posthouse.policy.recipients.bounce_brake import BACK, BASE, HOLD, WINDOW, is_jump
from posthouse.store.postgres.database import Database, Session
from posthouse.store.recipients import bounce_brakes, suppression_counts
from posthouse.store.recipients.bounce_brakes import Provider
from posthouse.telemetry import metrics

log = structlog.get_logger()

EVERY: Final = 2.0  # seconds
MEASURE_EVERY: Final = 300.0  # seconds
LEAST_GROWTH: Final = 100
GROWTH_TIMES: Final = 5


class BounceBrakes:
    """One per worker; call ``tick`` often, it does something when it is time."""

    def __init__(self, database: Database, clock: Clock, entropy: Entropy) -> None:
        self._database = database
        self._clock = clock
        self._entropy = entropy
        self._counts: dict[Provider, list[int]] = {}  # answers, and hard bounces among them
        self._braked: dict[Provider, datetime] = {}
        self._next_tick = self._next_measure = clock.monotonic()

    def count_answer(self, provider: Provider, *, hard: bool) -> None:
        """One answer of a mailbox provider."""
        counts = self._counts.get(provider)
        if counts is None:
            counts = self._counts[provider] = [0, 0]
        counts[0] += 1
        counts[1] += hard

    def until(self, provider: Provider, now: datetime) -> datetime | None:
        """Until when this provider's brake holds; None: there is none."""
        until = self._braked.get(provider)
        return until if until is not None and until > now else None

    async def tick(self) -> None:
        """Every two seconds: add up, judge, and learn of brakes that others applied.

        Errors: what Postgres raises; no count is lost.
        """
        if self._clock.monotonic() < self._next_tick:
            return
        self._next_tick = self._clock.monotonic() + EVERY
        unsaved, self._counts = self._counts, {}
        try:
            async with self._database.session() as session:
                now = self._clock.now()
                await bounce_brakes.count(session, {each: AnswerCounts(*counts) for each, counts in unsaved.items()}, now)
                unsaved, suspects = {}, [each for each, counts in unsaved.items() if counts[1]]
                await self._judge(session, suspects, now)
                self._braked = await bounce_brakes.on(session, now)
                if self._clock.monotonic() >= self._next_measure:
                    self._next_measure = self._clock.monotonic() + MEASURE_EVERY
                    await self._measure(session, now)
        finally:
            for provider, (attempts, hard) in unsaved.items():
                counts = self._counts.setdefault(provider, [0, 0])
                counts[0], counts[1] = counts[0] + attempts, counts[1] + hard

    async def _judge(self, session: Session, providers: list[Provider], now: datetime) -> None:
        if not providers:
            return
        found = await bounce_brakes.answers(session, providers, now - WINDOW, now - BASE)
        for provider, answers in zip(providers, found, strict=True):
            if is_jump(answers.window, answers.base):
                await self._apply(session, provider, answers, now)

    async def _apply(self, session: Session, provider: Provider, why: BounceBrake, now: datetime) -> None:
        tenant, environment, name = provider
        async with session.transaction():
            is_new, provisional = await bounce_brakes.put_on(session, provider, why, now, now + HOLD, doubted_from=now - BACK)
            if is_new:
                data = {
                    "provider": name,
                    "attempts": why.window.attempts,
                    "hard": why.window.hard,
                    "base": round(why.base.share, 4),
                    "provisional": provisional,
                    "until": iso_millis(now + HOLD),
                }
                alert = NewAlert(rule=suppression_brake.RULE, tenant=tenant, environment=environment, data=data)
                await raise_alert(session, alert, now, self._entropy.new_id)
        if is_new:
            metrics.BRAKES.inc()
            log.error("brake on: a mailbox provider refuses too many", provider=name, hard=why.window.hard, held=provisional)

    async def _measure(self, session: Session, now: datetime) -> None:
        """Sizes for the metrics, growth for the alert; old counts are deleted."""
        totals: dict[str, int] = {}
        for tenant in await suppression_counts.tenants(session):
            for environment in (0, 1):
                for cause, count in (await suppression_counts.sizes(session, tenant, environment)).items():
                    totals[cause] = totals.get(cause, 0) + count
                await self._alert_growth(session, tenant, environment, now)
        for cause, count in totals.items():
            metrics.SUPPRESSIONS.labels(cause).set(count)
        await bounce_brakes.forget_old(session, now, BASE)

    async def _alert_growth(self, session: Session, tenant: int, environment: int, now: datetime) -> None:
        day, week = await suppression_counts.growth(session, tenant, environment, now)
        if day < LEAST_GROWTH or day <= GROWTH_TIMES * week / 7:
            return
        data = {"added": day, "usual": round(week / 7, 1), "hours": 24}
        alert = NewAlert(rule=suppression_growth.RULE, tenant=tenant, environment=environment, data=data)
        async with session.transaction():
            if await raise_alert(session, alert, now, self._entropy.new_id):
                log.warning("suppression list grows", **data)

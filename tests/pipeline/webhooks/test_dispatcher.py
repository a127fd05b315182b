"""Events reach endpoints: all of them, in order, signed, filtered; what fails is tried again, and holds back nobody else."""

import asyncio
import json
from datetime import timedelta
from functools import partial
from typing import Any

import asyncpg
import standardwebhooks
from prometheus_client import REGISTRY

from posthouse.admin import webhooks as use_cases
from posthouse.admin.webhooks import ReplayRequest
from posthouse.model.http import HttpRequest, HttpResponse, NoAnswer, NoAnswerReason
from posthouse.model.keys import EndpointKey
from posthouse.model.send_request import Rejection
from posthouse.model.webhook_endpoint import EndpointChange, WebhookAttempt
from posthouse.pipeline.webhooks.endpoint_worker import ConcurrencyLimits
from posthouse.sinks.standard_webhook import shown
from posthouse.store.postgres.database import Database
from posthouse.store.tenants import tenants
from posthouse.store.webhooks import endpoint_queue, endpoints, settle
from posthouse.store.webhooks.replay import queue_test_event, replay_failed
from tests.support.fanouts import SECRET, World, real_client, running, script, until, world
from tests.support.http_stranger import answer, silence, stranger
from tests.support.use_cases import admin_context, operator
from tests.support.writes import write

BROKEN = HttpResponse(status=500, body=b"<b>Oops</b>\n\x1b[31m")
DEAD = NoAnswer(reason=NoAnswerReason.CONNECT, text="127.0.0.1: Connection refused")


async def log(it: World, place: EndpointKey) -> list[WebhookAttempt]:
    return await endpoints.log(it.database, place, it.entropy.new_id(it.clock.now() + timedelta(days=1)), 200)


async def replay(it: World, place: EndpointKey, **chosen: Any) -> int | Rejection:
    context = admin_context(it.database, it.sealer, it.clock)
    return await use_cases.replay(context, operator(place.tenant), place.id, ReplayRequest(**chosen))


async def test_an_event_is_posted_signed_and_logged_over_the_wire(database: Database) -> None:
    it = await world(database)
    async with stranger(answer("200 OK", b"thanks")) as there:
        place = await it.endpoint(there.url("/hook"))
        message = await it.message(dedupe_key="k1")
        async with running(it.fanout(real_client(it.clock))):
            await until(lambda: there.asked)
            await until(lambda: log(it, place))
    (asked,) = there.asked
    told = standardwebhooks.Webhook(shown(SECRET)).verify(asked.body, asked.headers)
    assert told["type"] == "message.queued"
    assert told["data"]["recipient"] == "user@example.com"
    assert told["data"]["sequence"] == 1
    assert told["data"]["environment"] == "live"
    assert told["data"]["messageId"].startswith("msg_")
    assert (told["data"]["dedupeKey"], told["data"]["tags"], told["data"]["metadata"]) == ("k1", ["a"], {"k": "v"})
    assert message
    (tried,) = await log(it, place)
    assert (tried.outcome, tried.status, tried.number, tried.answer, tried.type) == (
        "delivered",
        200,
        1,
        "thanks",
        "message.queued",
    )
    assert await it.waiting(place) == []


async def test_all_events_of_a_message_come_in_order(database: Database) -> None:
    it, there = await world(database), script()
    await it.endpoint()
    for message in [await it.message() for _ in range(20)]:
        for type in ("message.deferred", "message.sent", "message.delivered"):
            await it.event(message, type)
    async with running(it.fanout(there)):
        await until(lambda: len(there.asked) == 80)
    by_message: dict[str, list[int]] = {}
    for body in there.bodies():
        by_message.setdefault(body["data"]["messageId"], []).append(body["data"]["sequence"])
    assert len(by_message) == 20
    assert all(sequence == [1, 2, 3, 4] for sequence in by_message.values())


async def test_filters_choose_by_type_and_stream_and_environment(database: Database) -> None:
    it, there = await world(database), script()
    await it.endpoint("https://types.example/", events=["message.delivered", "alert.*"])
    await it.endpoint("https://streams.example/", streams=["receipts"])
    await it.endpoint("https://sandbox.example/", environment=0)
    await it.endpoint("https://all.example/")
    one = await it.message()
    two = await it.message(stream="receipts")
    await it.message(environment=0)
    await it.event(one)
    await it.event(None, "alert.delivery_failed", reason="x")
    assert two
    async with running(it.fanout(there)):
        await until(lambda: len(there.asked) == 2 + 1 + 1 + 4)
        await asyncio.sleep(0.3)
    assert sorted(b["type"] for b in there.bodies("types.")) == ["alert.delivery_failed", "message.delivered"]
    assert [b["data"]["stream"] for b in there.bodies("streams.")] == ["receipts"]
    assert [b["data"]["environment"] for b in there.bodies("sandbox.")] == ["test"]
    assert len(there.bodies("all.")) == 4


async def test_another_tenants_events_are_not_told(database: Database) -> None:
    it, there = await world(database), script()
    other = await write(database, tenants.create, "second", it.clock.now())
    await it.endpoint()
    await it.message(tenant=other.id)
    await it.message()
    async with running(it.fanout(there)):
        await until(lambda: there.asked)
        await asyncio.sleep(0.3)
    assert len(there.asked) == 1


async def test_what_happened_before_an_endpoint_is_not_told_to_it(database: Database) -> None:
    it, there = await world(database), script()
    await it.message()
    await it.endpoint()
    later = await it.message()
    async with running(it.fanout(there)):
        await until(lambda: there.asked)
        await asyncio.sleep(0.3)
    assert [len(there.asked), bool(later)] == [1, True]


async def test_an_event_that_commits_late_is_told_too(database: Database) -> None:
    it, there = await world(database), script()
    await it.endpoint()
    async with running(it.fanout(there)):
        async with it.database.transaction() as connection:
            await connection.execute(
                "insert into event (tenant, environment, id, type, at) values ($1, 1, $2, 'alert.late', now())",
                it.tenant,
                it.entropy.new_id(it.clock.now()),
            )
            await it.message()
            await asyncio.sleep(0.5)
            assert not there.asked
        await until(lambda: len(there.asked) == 2)
    assert [b["type"] for b in there.bodies()] == ["alert.late", "message.queued"]


async def test_somebody_elses_transaction_delays_no_event(database: Database, database_dsn: str) -> None:
    it, there = await world(database), script()
    await it.endpoint()
    stranger = await asyncpg.connect(database_dsn)
    await stranger.execute("begin")
    await stranger.execute("select pg_current_xact_id()")
    async with running(it.fanout(there)):
        await it.message()
        await until(lambda: len(there.asked) == 1)
    await stranger.close()


async def test_events_that_a_transaction_of_ours_holds_up_raise_an_alert(database: Database) -> None:
    it, there = await world(database), script()
    await it.endpoint()
    async with running(it.fanout(there)):
        async with it.database.transaction() as connection:
            await connection.execute("select pg_current_xact_id()")
            async with it.database.session() as other:
                await other.execute(
                    "insert into event (tenant, environment, id, type, at)"
                    " values ($1, 1, $2, 'alert.late', now() - interval '31 s')",
                    it.tenant,
                    it.entropy.new_id(it.clock.now()),
                )
            await until(lambda: (REGISTRY.get_sample_value("posthouse_webhook_lag_seconds") or 0) > 30)
        await until(lambda: len(there.asked) == 2)
    assert sorted(body["type"] for body in there.bodies()) == ["alert.late", "alert.webhooks_behind"]


async def test_nothing_is_written_while_nobody_listens(database: Database) -> None:
    it, there = await world(database), script()
    async with running(it.fanout(there)):
        await it.message()
        await asyncio.sleep(0.3)
    async with database.session() as connection:
        assert await connection.fetchval("select count(*) from webhook_delivery") == 0
        assert await connection.fetchval("select xmax::text = '0' from webhook_place")
    assert await endpoint_queue.has_news(database) is None


async def test_what_fails_is_tried_again_and_what_follows_waits_for_it(database: Database) -> None:
    it, there = await world(database), script(app_example=BROKEN)
    place = await it.endpoint()
    message = await it.message()
    async with running(it.fanout(there)):
        await until(lambda: log(it, place))
        await it.event(message)
        await until(lambda: _count(it, place, 2))
        await asyncio.sleep(0.4)
        assert len(there.asked) == 1
        first, second = await it.waiting(place)
        assert (first["tries"], second["tries"]) == (1, 0)
        assert first["due"] <= second["due"]
        assert timedelta(seconds=3) < first["due"] - it.clock.now() < timedelta(seconds=7)
        there.answers["app.example"] = HttpResponse(status=200)
        await replay_failed(database, place, it.clock.now())
        await until(lambda: len(there.asked) == 3)
    assert [b["data"]["sequence"] for b in there.bodies()] == [1, 1, 2]
    (tried, *_) = (await log(it, place))[::-1]
    assert (tried.outcome, tried.status, tried.answer) == ("failed", 500, "<b>Oops</b>  [31m")
    assert tried.next_at


async def _count(it: World, place: EndpointKey, wanted: int) -> bool:
    return len(await it.waiting(place)) == wanted


async def test_an_event_that_fails_alone_does_not_hold_back_its_message_for_ever(database: Database) -> None:
    it = await world(database)

    def picky(request: HttpRequest) -> HttpResponse:
        return BROKEN if json.loads(request.body)["type"] == "message.queued" else HttpResponse(status=200)

    there = script(app_example=picky)
    place = await it.endpoint()
    message = await it.message()
    async with running(it.fanout(there)):
        for tries in (1, 2, 3):
            await until(partial(_tried, it, place, tries))
            await webhook_replay_now(it, place)
        await it.event(None, "alert.x")
        await until(lambda: any(b["type"] == "alert.x" for b in there.bodies()))
        await it.event(message, "message.sent")
        await until(lambda: any(b["type"] == "message.sent" for b in there.bodies()))


async def _tried(it: World, place: EndpointKey, tries: int) -> bool:
    return [row["tries"] for row in await it.waiting(place)] == [tries]


async def webhook_replay_now(it: World, place: EndpointKey) -> None:
    """As if the time had come, without forgetting how often it was tried; not after the third."""
    async with it.database.session() as connection:
        await connection.execute("update webhook_delivery set due = now() where endpoint = $1 and tries < 3", place.id)


async def test_gone_switches_off_with_an_alert_that_others_hear(database: Database) -> None:
    it, there = await world(database), script(gone_example=HttpResponse(status=410))
    place = await it.endpoint("https://gone.example/secret-path")
    await it.endpoint("https://ops.example/", events=["alert.*"])
    await it.message()
    async with running(it.fanout(there)):
        await until(lambda: there.bodies("ops."))
        found = await it.look(place)
        assert found.disabled_at
        assert "410" in str(found.disabled_why)
        await it.message()
        await asyncio.sleep(0.4)
    (alert,) = there.bodies("ops.")
    assert alert["type"] == "alert.webhook_disabled"
    assert alert["data"]["endpointId"].startswith("whk_")
    assert "secret-path" not in json.dumps(alert)
    assert len(there.bodies("gone.")) == 0 or len([r for r in there.asked if "gone" in r.url]) == 1
    assert len(await it.waiting(place)) == 1


async def test_an_endpoint_that_fails_for_five_days_is_switched_off(database: Database) -> None:
    it, there = await world(database), script(app_example=DEAD)
    place = await it.endpoint()
    async with database.session() as connection:
        await connection.execute("update webhook_endpoint set failures = 9, failing_since = now() - interval '5 days'")
    await it.message()
    async with running(it.fanout(there)):
        await until(lambda: _is_off(it, place))
    (tried,) = await log(it, place)
    assert (tried.outcome, tried.status, tried.trouble, tried.answer) == ("failed", None, "connect", DEAD.text)


async def _is_off(it: World, place: EndpointKey) -> bool:
    return (await it.look(place)).disabled_at is not None


async def test_switched_on_again_it_hears_what_waited(database: Database) -> None:
    it, there = await world(database), script()
    place = await it.endpoint()
    await it.message()
    await endpoint_queue.gather(database, it.clock.now(), 100, ordered_tries=3)
    await write(database, endpoints.change, place, EndpointChange(enabled=False), it.clock.now())
    await it.message()
    async with running(it.fanout(there)):
        await asyncio.sleep(0.4)
        assert not there.asked
        await write(database, endpoints.change, place, EndpointChange(enabled=True), it.clock.now())
        await until(lambda: there.asked)
        await it.message()
        await until(lambda: len(there.asked) == 2)


async def test_429_is_left_in_peace_as_long_as_it_asks(database: Database) -> None:
    busy = HttpResponse(status=429, headers=(("retry-after", "3600"),))
    it, there = await world(database), script(app_example=busy)
    place = await it.endpoint()
    await it.message()
    async with running(it.fanout(there)):
        await until(lambda: log(it, place))
        await it.message()
        await asyncio.sleep(0.4)
    assert len(there.asked) == 1
    assert (await log(it, place))[0].outcome == "later"


async def test_a_test_event_goes_to_its_endpoint_alone(database: Database) -> None:
    it, there = await world(database), script()
    place = await it.endpoint("https://one.example/", events=["message.bounced"])
    await it.endpoint("https://two.example/")
    event = it.entropy.new_id(it.clock.now())
    await write(database, queue_test_event, place, event, it.clock.now())
    async with running(it.fanout(there)):
        await until(lambda: there.asked)
        await asyncio.sleep(0.2)
    (body,) = there.bodies()
    assert (body["type"], body["data"]["endpointId"][:4]) == ("webhook.test", "whk_")


async def test_rotation_signs_with_both_until_the_overlap_is_over(database: Database) -> None:
    it, there = await world(database), script()
    place = await it.endpoint()
    new = b"n" * 32
    await write(database, endpoints.rotate, it.sealer, place, new, it.clock.now(), timedelta(hours=24))
    async with database.session() as connection:
        assert await endpoints.secrets(connection, it.sealer, place, it.clock.now()) == [new, SECRET]
        assert await endpoints.secrets(connection, it.sealer, place, it.clock.now() + timedelta(hours=25)) == [new]
    await it.message()
    async with running(it.fanout(there)):
        await until(lambda: there.asked)
    (asked,) = there.asked
    for secret in (SECRET, new):
        assert standardwebhooks.Webhook(shown(secret)).verify(asked.body, dict(asked.headers))


async def test_the_dead_and_the_slow_take_no_place_from_the_others(database: Database) -> None:
    it = await world(database)
    hanging: list[asyncio.Event] = []

    async def hang(_: HttpRequest) -> HttpResponse:
        hanging.append(asyncio.Event())
        await hanging[-1].wait()
        return HttpResponse(status=200)

    there = script(dead_example=hang, slow_example=hang)
    for host in ("dead", "slow", *(f"good{number}" for number in range(5))):
        await it.endpoint(f"https://{host}.example/")
    async with running(it.fanout(there, limits=ConcurrencyLimits(healthy=6, slow=2))):
        for _ in range(40):
            await it.message()
        await until(lambda: all(len(there.bodies(f"good{number}.")) == 40 for number in range(5)))
        assert there.most["dead.example"] <= 2
        assert there.most["slow.example"] <= 2
        for each in hanging:
            each.set()
        there.answers.clear()
        await until(lambda: len(there.bodies("dead.")) == 40)


async def test_a_failing_endpoint_is_asked_one_thing_at_a_time(database: Database) -> None:
    it = await world(database)

    async def fail(_: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0.01)
        return BROKEN

    there = script(app_example=fail)
    await it.endpoint()
    for _ in range(10):
        await it.message()
    async with running(it.fanout(there)):
        await asyncio.sleep(1.2)
    assert 2 <= len(there.asked) <= 6
    assert there.most["app.example"] <= 2


async def test_over_the_wire_a_silent_server_delays_nobody(database: Database) -> None:
    it = await world(database)
    async with stranger(silence) as dead, stranger(answer()) as good:
        await it.endpoint(dead.url())
        await it.endpoint(good.url())
        client = real_client(it.clock, total=timedelta(seconds=1))
        async with running(it.fanout(client)):
            for _ in range(30):
                await it.message()
            await until(lambda: len(good.asked) == 30)
            assert len(dead.asked) <= 4
        await client.close()


async def test_two_processes_share_the_endpoints_and_tell_each_event_once(database: Database) -> None:
    it, there = await world(database), script()
    for number in range(6):
        await it.endpoint(f"https://e{number}.example/")
    async with running(it.fanout(there)), running(it.fanout(there)):
        for _ in range(20):
            await it.message()
        await until(lambda: len(there.asked) >= 120)
        await asyncio.sleep(0.3)
    assert len(there.asked) == 120


async def test_a_process_that_lost_its_lease_settles_nothing(database: Database) -> None:
    it = await world(database)
    held = asyncio.Event()

    async def wait(_: HttpRequest) -> HttpResponse:
        await held.wait()
        return HttpResponse(status=200)

    there: Any = script(app_example=wait)
    place = await it.endpoint()
    await it.message()
    async with running(it.fanout(there)):
        await until(lambda: there.asked)
        async with database.session() as connection:
            await connection.execute("update webhook_endpoint set holder = $1", it.entropy.new_id(it.clock.now()))
        held.set()
        await until(lambda: log(it, place))
        assert len(await it.waiting(place)) == 1


async def test_a_window_and_one_event_are_told_again(database: Database) -> None:
    it, there = await world(database), script()
    began = it.clock.now() - timedelta(seconds=1)
    place = await it.endpoint(events=["message.queued"])
    message = await it.message()
    event = await it.event(message)
    await it.message()
    async with running(it.fanout(there)):
        await until(lambda: len(there.asked) == 2)
        now = it.clock.now()
        assert await replay(it, place, since=began) == 2
        await until(lambda: len(there.asked) == 4)
        assert await replay(it, place, event=event) == 0
        assert await replay(it, place, since=now + timedelta(hours=1), until=now + timedelta(hours=2)) == 0
    told = [b["id"] for b in there.bodies()]
    assert sorted(told[:2]) == sorted(told[2:])


async def test_a_removed_endpoint_is_forgotten_bit_by_bit(database: Database) -> None:
    it = await world(database)
    place = await it.endpoint()
    await it.message()
    await endpoint_queue.gather(database, it.clock.now(), 100, ordered_tries=3)
    assert await write(database, endpoints.remove, place, it.clock.now())
    assert not await write(database, endpoints.remove, place, it.clock.now())
    assert await endpoints.one(database, place) is None
    await settle.forget(database, it.clock.now())
    assert await it.waiting(place) == []
    async with database.session() as connection:
        assert await connection.fetchval("select count(*) from webhook_endpoint") == 0
        assert await connection.fetchval("select count(*) from webhook_secret") == 0


async def test_a_replay_asked_for_while_the_event_is_under_way_is_not_lost(database: Database) -> None:
    it = await world(database)
    held = asyncio.Event()

    async def wait(_: HttpRequest) -> HttpResponse:
        await held.wait()
        return HttpResponse(status=200)

    there = script(app_example=wait)
    place = await it.endpoint()
    began = it.clock.now() - timedelta(seconds=1)
    await it.message()
    async with running(it.fanout(there)):
        await until(lambda: there.asked)
        assert await replay(it, place, since=began) == 1
        held.set()
        await until(lambda: len(there.asked) == 2)
        await until(partial(_count, it, place, 0))

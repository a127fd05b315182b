"""In a batch each item is taken or refused for itself, and answered at its place (I5)."""

from typing import Any

from tests.journey.conftest import World
from tests.support.mailer import SENDER
from tests.support.peers import arrived


def item(to: Any, **more: Any) -> dict[str, Any]:
    return {"to": to, "from": SENDER, "subject": "Batch", "text": "One of many.\n"} | more


def test_the_good_go_and_the_bad_say_why_each_at_its_index(world: World) -> None:
    messages: list[Any] = [
        item("batch-0@x.test"),
        item("no address"),
        item("batch-2@x.test", **{"from": "ceo@bank.example"}),
        "no object",
        item("batch-4@x.test", subjct="typo"),
        item("batch-5@x.test", template="order-confirmation", variables={"total": "$1"}),
        item("batch-6@x.test"),
    ]
    status, answer = world.product.ask("POST", "/v1/send/batch", {"messages": messages})
    assert status == 200
    results = answer["results"]
    assert [result["index"] for result in results] == list(range(7))
    codes = [result.get("error", {}).get("code") for result in results]
    assert codes[:3] == [None, "validation_failed", "domain_not_verified"]
    assert all(codes[3:6])
    assert codes[6] is None
    assert "subject" in results[4]["error"]["errors"][0]["message"]
    for index in (0, 6):
        world.product.wait(results[index]["id"], "delivered")
        assert arrived(world.mx, f"batch-{index}@x.test")
    for index in (1, 2, 3, 4, 5):
        assert "id" not in results[index]
        assert world.product.ask("GET", f"/v1/messages?recipient=batch-{index}@x.test")[1]["data"] == []


def test_a_batch_of_five_hundred_goes_out_whole(world: World) -> None:
    messages = [item(f"bulk-{number}@x.test", type="notification") for number in range(500)]
    status, answer = world.product.ask("POST", "/v1/send/batch", {"messages": messages})
    assert (status, len({result["id"] for result in answer["results"]})) == (200, 500)
    for number in (0, 250, 499):
        world.product.wait(answer["results"][number]["id"], "delivered")


def test_one_more_is_too_many(world: World) -> None:
    status, problem = world.product.ask("POST", "/v1/send/batch", {"messages": [item(f"{n}@x.test") for n in range(501)]})
    assert (status, problem["errors"][0]["path"]) == (422, "messages")


def test_two_items_with_one_key_are_one_message(world: World) -> None:
    messages = [item("twins@x.test", dedupeKey="twins:1")] * 3 + [item("twins@x.test", dedupeKey="twins:1", text="Other.\n")]
    _, answer = world.product.ask("POST", "/v1/send/batch", {"messages": messages})
    results = answer["results"]
    assert len({result["id"] for result in results[:3]}) == 1
    assert sorted(result["duplicate"] for result in results[:3]) == [False, True, True]
    assert results[3]["error"]["code"] == "idempotency_conflict"
    world.product.wait(results[0]["id"], "delivered")
    assert arrived(world.mx, "twins@x.test")

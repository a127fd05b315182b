"""A type that a tenant made, over both doors to the wire: its parent's terms, its own name, and no new label in the metrics
(T1).
"""

from tests.journey.conftest import Home
from tests.support.mailer import letter, submit

ASKED = {"to": "own@x.test", "from": "shop@shop.example", "subject": "Hello", "text": "Hello."}


def test_it_is_delivered_and_told_by_its_own_name_and_counted_by_its_parents(home: Home) -> None:
    product = home.product
    assert product.ask("POST", "/v1/types", {"name": "order_update", "parent": "shipping_update"})[0] == 201
    sent = product.send(**ASKED, type="order_update", dedupeKey="own:1")
    submitted = submit(product, letter("own@x.test", type="order_update"), "own@x.test").message
    for message in (sent["id"], submitted):
        assert product.wait(message, "delivered")["type"] == "order_update"
    inbox = product.ask("GET", "/v1/inbox?type=order_update&to=own@x.test")[1]["data"]
    assert sorted(mail["messageId"] for mail in inbox) == sorted((sent["id"], submitted))
    assert all({"name": "Feedback-ID", "value": "order_update:transactional:t1:posthouse"} in mail["headers"] for mail in inbox)
    events = product.ask("GET", "/v1/events?limit=200")[1]["data"]
    assert {each["data"]["messageType"] for each in events if each["data"].get("messageId") == sent["id"]} == {"order_update"}
    assert [each["id"] for each in product.ask("GET", "/v1/messages?type=order_update")[1]["data"]] == [submitted, sent["id"]]
    metrics = product.ask("GET", "/metrics")[1].decode()
    assert 'type="shipping_update"' in metrics
    assert "order_update" not in metrics
    refused = submit(product, letter("own@x.test", type="order_updte"), "own@x.test")
    assert (refused.code, "order_update" in refused.text) == (554, True)
    status, gone = product.ask("DELETE", "/v1/types/order_update")
    assert (status, gone) == (204, b"")
    again = product.ask("POST", f"/v1/messages/{sent['id']}/resend")[1]
    assert product.wait(again["id"], "delivered")["type"] == "order_update"

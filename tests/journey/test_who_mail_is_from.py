"""A message that does not say who it is from is from its template, else its stream, else its tenant; and is judged as such
(A4).
"""

from tests.journey.conftest import World
from tests.support.mailer import SENDER, letter, submit
from tests.support.product import command
from tests.support.timelines import look

TEMPLATE = {
    "name": "from-me",
    "type": "account_alert",
    "subject": "Hello",
    "text": "Hello.",
    "from": "Alerts <alerts@shop.example>",
}


def test_the_nearest_that_says_decides_over_http_and_the_header_over_smtp(world: World) -> None:
    product = world.product
    told = command(product.env, "tenant", "set", "--from", "Shop <noreply@shop.example>", "--json").stdout
    assert '"from": "Shop <noreply@shop.example>"' in told
    assert product.ask("POST", "/v1/templates", TEMPLATE)[0] == 201
    assert product.ask("PUT", "/v1/streams/fromstream", {"from": "orders@shop.example"})[0] == 200
    literal = {"to": "from@x.test", "subject": "Hello", "text": "Hello."}
    templated = {"to": "from@x.test", "template": "from-me", "stream": "fromstream"}
    product.ask("PATCH", "/v1/tenant", {})  # this door forgets what it remembered of the tenant before the command
    asked = (templated | {"from": SENDER}, templated, literal | {"stream": "fromstream"}, literal)
    found = [look(product, product.send(**fields)["id"])["from"] for fields in asked]
    assert found == [SENDER, "alerts@shop.example", "orders@shop.example", "noreply@shop.example"]
    submitted = submit(product, letter("from@x.test", template="from-me", stream="fromstream"), "from@x.test")
    assert look(product, submitted.message)["from"] == SENDER


def test_the_domain_gate_looks_at_the_author_that_a_template_gives(world: World) -> None:
    template = TEMPLATE | {"name": "from-bank", "from": "ceo@bank.example"}
    assert world.product.ask("POST", "/v1/templates", template)[0] == 201
    refused, why = world.product.ask("POST", "/v1/send", {"to": "from@x.test", "template": "from-bank"})
    assert (refused, why["code"]) == (403, "domain_not_verified")
    assert "bank.example" in why["detail"]

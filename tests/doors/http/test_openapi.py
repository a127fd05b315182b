"""The OpenAPI document says what the door does: every route, every field, every code."""

import json
import re
from typing import Any

import msgspec
import pytest

from posthouse.app.roles.http import ENDPOINTS
from posthouse.doors.api.shared.fields import SendBody
from posthouse.doors.http.openapi import document
from posthouse.doors.http.problem import STATUS
from tests.support.http_door import PUBLIC_URL, HttpDoor, endpoint

DOCUMENT = document(ENDPOINTS, PUBLIC_URL)
SCHEMAS = DOCUMENT["components"]["schemas"]


def answers() -> list[tuple[str, str, str, dict[str, Any]]]:
    return [
        (path, method, status, response)
        for path, operations_ in DOCUMENT["paths"].items()
        for method, operation in operations_.items()
        if method != "parameters"
        for status, response in operation["responses"].items()
    ]


async def test_it_is_served_to_everybody(door: HttpDoor) -> None:
    answer = await door.ask("GET", "/openapi.json", key=None)
    assert answer.json()["openapi"] == "3.1.0"
    assert answer.json() == json.loads(json.dumps(DOCUMENT))


def test_every_endpoint_has_an_operation_of_its_own() -> None:
    operations = {(method.upper(), path) for path, item in DOCUMENT["paths"].items() for method in item if method != "parameters"}
    assert operations == {(endpoint.method, endpoint.path) for endpoint in ENDPOINTS}
    assert len({endpoint.operation_id for endpoint in ENDPOINTS}) == len(ENDPOINTS) == len(operations)


def test_the_endpoints_of_a_path_agree_on_its_parameters() -> None:
    for each in ENDPOINTS:
        assert set(re.findall(r"{(\w+)}", each.path)) == set(each.path_parameters), each.path
        assert DOCUMENT["paths"][each.path].get("parameters", []) == [
            {"name": name, "in": "path", "required": True, "schema": schema} for name, schema in each.path_parameters.items()
        ]


def test_every_link_leads_to_an_operation() -> None:
    known = {endpoint.operation_id for endpoint in ENDPOINTS}
    for _, _, _, response in answers():
        assert {link["operationId"] for link in response.get("links", {}).values()} <= known


def test_every_answer_has_a_request_id() -> None:
    assert all("Request-Id" in response["headers"] for _, _, _, response in answers())


def test_every_code_comes_with_its_status_and_as_a_problem() -> None:
    for path, method, status, response in answers():
        if int(status) >= 400:
            codes = response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"]["code"]["enum"]
            assert {STATUS[code] for code in codes} == {int(status)}, (path, method)


def test_every_reference_leads_somewhere() -> None:
    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            return [value["$ref"]] if "$ref" in value else [found for inner in value.values() for found in references(inner)]
        return [found for inner in value for found in references(inner)] if isinstance(value, list) else []

    for reference in references(DOCUMENT):
        place: Any = DOCUMENT
        for name in reference.removeprefix("#/").split("/"):
            place = place[name]


def test_the_limits_of_the_contract_stand_in_it() -> None:
    fields = SCHEMAS["SendBody"]["properties"]

    def bound(field: str, name: str) -> int:
        return next(int(option[name]) for option in fields[field]["anyOf"] if name in option)

    assert bound("attachments", "maxItems") == 20
    assert bound("tags", "maxItems") == 10
    assert bound("headers", "maxProperties") == 50
    assert bound("metadata", "maxProperties") == 20
    assert bound("dedupeKey", "maxLength") == 256
    assert SCHEMAS["BatchBody"]["properties"]["messages"]["maxItems"] == 500
    assert SCHEMAS["SendBody"]["required"] == ["to"]
    assert SCHEMAS["SendBody"]["additionalProperties"] is False


def test_a_batch_is_a_list_of_sends() -> None:
    assert SCHEMAS["BatchBody"]["properties"]["messages"]["items"] == {"$ref": "#/components/schemas/SendBody"}


SEND_EXAMPLES = endpoint("send").examples


@pytest.mark.parametrize("name", SEND_EXAMPLES)
async def test_every_example_works_as_it_stands(door: HttpDoor, name: str) -> None:
    body = SEND_EXAMPLES[name]["value"]
    msgspec.convert(body, SendBody)
    assert (await door.ask("POST", "/v1/send", body)).status == 202


async def test_the_examples_of_batch_and_keys_work_as_they_stand(door: HttpDoor) -> None:
    batch = await door.ask("POST", "/v1/send/batch", endpoint("sendBatch").examples["two"]["value"])
    assert all("id" in result for result in batch.json()["results"])
    assert (await door.ask("POST", "/v1/keys", endpoint("createKey").examples["service"]["value"])).status == 201

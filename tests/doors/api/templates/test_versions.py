"""Templates over HTTP: made, revised, approved, switched, taken back, previewed; and what a key may not do."""

from typing import Any

import pytest

from posthouse.admin.approval import require
from tests.support.http_door import HttpDoor
from tests.support.use_cases import operator

WELCOME: dict[str, Any] = {
    "name": "welcome", "type": "transactional", "subject": "Hello {{ who }}", "html": "<p>Hello {{ who }}, version one.</p>",
    "variables": [{"name": "who", "type": "string", "required": True, "example": "Jane"}], "locale": "en",
}  # fmt: skip
SECOND: dict[str, Any] = WELCOME | {"html": "<p>Hello {{ who }}, version two.</p>"}
V: str = "/v1/templates/welcome/versions"


async def made(door: HttpDoor, **changed: Any) -> dict[str, Any]:
    answer = await door.ask("POST", "/v1/templates", WELCOME | changed)
    assert answer.status == 201, answer.body
    return dict(answer.json())


async def said(door: HttpDoor, **fields: Any) -> str:
    """What a message from the template would say, in its text."""
    taken = await door.send(template="welcome", subject=None, text=None, variables={"who": "Bob"}, **fields)
    content = await door.ask("GET", f"/v1/messages/{taken['id']}/content")
    return str(content.json()["text"]).strip()


async def approval(door: HttpDoor, *, required: bool = True) -> None:
    caller = await door.parts.credentials.by_key(door.live)
    assert caller is not None
    await require(door.parts.admin, operator(caller.tenant), required=required)


async def test_version_1_is_active_at_once_and_mail_is_made_from_it(door: HttpDoor) -> None:
    first = await made(door)
    assert (first["version"], first["state"], first["notes"]) == (1, "active", [])
    assert first["locales"]["en"]["html"] == WELCOME["html"]
    assert first["variables"] == WELCOME["variables"]
    assert await said(door) == "Hello Bob, version one."


async def test_a_new_version_touches_nothing_until_it_is_activated_and_the_switch_can_be_taken_back(door: HttpDoor) -> None:
    await made(door)
    second = await door.ask("POST", V, SECOND)
    assert (second.status, second.json()["version"], second.json()["state"]) == (201, 2, "draft")
    assert await said(door) == "Hello Bob, version one."
    switched = await door.ask("POST", f"{V}/2/activate")
    assert (switched.json()["state"], switched.json()["replaced"]) == ("active", 1)
    assert await said(door) == "Hello Bob, version two."
    assert await said(door, templateVersion=1) == "Hello Bob, version one."
    back = await door.ask("POST", f"{V}/1/activate")
    assert (back.json()["state"], back.json()["replaced"]) == ("active", 2)
    assert await said(door) == "Hello Bob, version one."
    seen = (await door.ask("GET", "/v1/templates/welcome")).json()
    assert [(each["version"], each["state"]) for each in seen["versions"]] == [(2, "retired"), (1, "active")]
    assert (seen["activeVersion"], seen["latestVersion"]) == (1, 2)


async def test_what_a_version_leaves_out_is_as_in_the_version_before(door: HttpDoor) -> None:
    await made(door, type="receipt")
    second = (await door.ask("POST", V, {"subject": "Hello {{ who }}, again", "text": "Hello {{ who }}"})).json()
    assert (second["type"], second["locale"], second["variables"]) == ("receipt", "en", WELCOME["variables"])
    assert second["notes"] == []
    third = (
        await door.ask("POST", V, {"subject": "Hello", "text": "Hello", "type": "digest", "locale": "de", "variables": []})
    ).json()
    assert (third["type"], third["locale"], third["variables"], list(third["locales"])) == ("digest", "de", [], ["de"])


async def test_a_draft_cannot_be_pinned_and_a_retired_version_can(door: HttpDoor) -> None:
    await made(door)
    await door.ask("POST", V, SECOND)
    message = {"to": "jane@example.com", "template": "welcome", "templateVersion": 2, "variables": {"who": "Bob"}}
    refused = await door.ask("POST", "/v1/send", message, key=door.live)
    assert (refused.status, refused.code()) == (422, "template_not_active")
    assert (await door.ask("POST", f"{V}/1/retire")).json()["state"] == "retired"
    unpinned = await door.ask("POST", "/v1/send", message | {"templateVersion": None}, key=door.live)
    assert "the newest, 2, is draft" in unpinned.json()["detail"]
    assert (await door.ask("POST", "/v1/send", message | {"templateVersion": 1})).status == 202


async def test_a_version_that_does_not_exist_is_told_as_that(door: HttpDoor) -> None:
    await made(door)
    message = {"to": "jane@example.com", "variables": {"who": "Bob"}}
    for named, words in (
        ({"template": "welcome", "templateVersion": 7}, "there is no version 7 of the template 'welcome'; the newest is 1"),
        (
            {"template": "password-reset", "templateVersion": 9},
            "there is no version 9 of the ready-made template 'password-reset', only 1",
        ),
        ({"template": "pasword-reset", "templateVersion": 1}, "did you mean 'password-reset'?"),
    ):
        refused = await door.ask("POST", "/v1/send", message | named)
        assert (refused.code(), words in refused.json()["detail"]) == ("template_not_active", True), refused.body


@pytest.mark.parametrize(
    ("variable", "path"),
    [
        ({"name": "who", "type": "number", "default": "ten"}, "variables[0].default"),
        ({"name": "who", "type": "money", "example": "5"}, "variables[0].example"),
        ({"name": "who", "type": "string", "items": {"type": "string"}}, "variables[0].items"),
        ({"name": "who", "type": "array", "properties": [{"name": "a", "type": "string"}]}, "variables[0].properties"),
        ({"name": "loop", "type": "string"}, "variables[0].name"),
    ],
)
async def test_a_declaration_that_cannot_be_meant_is_refused_at_its_place(
    door: HttpDoor, variable: dict[str, Any], path: str
) -> None:
    refused = await door.ask("POST", "/v1/templates", WELCOME | {"variables": [variable]})
    assert (refused.status, refused.code()) == (422, "validation_failed")
    assert [fault["path"] for fault in refused.json()["errors"]] == [path]


async def test_where_approval_is_asked_another_key_has_to_give_it(door: HttpDoor) -> None:
    await approval(door)
    first = await door.ask("POST", "/v1/templates", WELCOME, key=door.live)
    assert (first.json()["state"], len(first.json()["notes"])) == ("draft", 1)
    early = await door.ask("POST", f"{V}/1/activate", key=door.live)
    assert (early.status, early.code()) == (422, "validation_failed")
    assert (await door.ask("POST", f"{V}/1/submit", key=door.live)).json()["state"] == "in_review"
    own = await door.ask("POST", f"{V}/1/approve", key=door.live)
    assert (own.status, own.code()) == (403, "forbidden")
    other = (await door.ask("POST", "/v1/keys", {"name": "reviewer"}, key=door.live)).json()
    approved = (await door.ask("POST", f"{V}/1/approve", key=other["key"])).json()
    assert (approved["state"], approved["approvedBy"]) == ("approved", other["id"])
    assert (await door.ask("POST", f"{V}/1/activate", key=door.live)).json()["state"] == "active"


async def test_where_approval_is_asked_a_test_key_writes_and_decides_nothing(door: HttpDoor) -> None:
    await approval(door)
    assert (await door.ask("POST", "/v1/templates", WELCOME, key=door.live)).status == 201
    assert (await door.ask("POST", V, SECOND)).status == 201
    assert (await door.ask("POST", f"{V}/1/approve")).code() == "forbidden"
    assert (await door.ask("POST", f"{V}/1/submit")).json()["state"] == "in_review"


async def test_a_rejected_version_is_its_authors_again(door: HttpDoor) -> None:
    await made(door)
    await door.ask("POST", V, SECOND)
    assert (await door.ask("POST", f"{V}/2/submit")).json()["state"] == "in_review"
    assert (await door.ask("POST", f"{V}/2/reject")).json()["state"] == "draft"
    wrong = await door.ask("POST", f"{V}/1/submit")
    assert wrong.faults() == {"version": "is active"}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"subject": " "}, "subject"),
    ({"html": None}, "html"),
    ({"html": "<p>{{ who </p>"}, "html"),
    ({"mjml": "<mjml></mjml>"}, "mjml"),
    ({"type": "no_such_type"}, "type"),
    ({"variables": [{"name": "a", "type": "string"}, {"name": "a", "type": "number"}]}, "variables[1].name"),
    ({"variables": [{"name": "loop", "type": "string"}]}, "variables[0].name"),
    ({"variables": [{"name": "a b", "type": "string"}]}, "variables[0].name"),
    ({"variables": [{"name": "a", "type": "strange"}]}, "variables[0].type"),
    ({"locales": {"de": {"subject": "", "text": "x"}}}, "locales.de.subject"),
    ({"waivers": {"some-rule": " "}}, "waivers.some-rule"),
    ({"name": "a/b"}, "name"),
]


async def test_what_cannot_be_a_template_is_refused_with_the_place(door: HttpDoor) -> None:
    for changed, path in WRONG:
        refused = await door.ask("POST", "/v1/templates", WELCOME | changed)
        assert (refused.status, refused.code()) == (422, "validation_failed"), refused.body
        assert path in refused.faults(), (changed, refused.faults())
    assert (await door.ask("GET", "/v1/templates/welcome")).status == 404


async def test_a_name_is_taken_once(door: HttpDoor) -> None:
    await made(door)
    again = await door.ask("POST", "/v1/templates", WELCOME)
    assert (again.status, set(again.faults())) == (422, {"name"})


async def test_the_typed_declaration_of_the_documents_is_understood(door: HttpDoor) -> None:
    typed = {
        "template": "order-confirmation",
        "type": "transactional",
        "variables": [
            {"name": "orderNumber", "type": "string", "required": True},
            {"name": "items", "type": "array", "required": True},
            {"name": "total", "type": "string", "required": True},
            {"name": "estimatedDelivery", "type": "date", "required": False},
        ],
        "subject": "Order {{ orderNumber }}",
        "text": "{{ items|length }} things for {{ total }}",
    }
    assert (await door.ask("POST", "/v1/templates", typed)).json()["name"] == "order-confirmation"
    taken = await door.send(
        template="order-confirmation", subject=None, text=None, variables={"orderNumber": "A1", "items": [1, 2], "total": "$3"}
    )
    content = await door.ask("GET", f"/v1/messages/{taken['id']}/content")
    assert content.json()["text"].strip() == "2 things for $3"  # the tenant's own, not the ready-made one


async def test_ready_made_templates_are_seen_and_stay_in_use_until_an_own_one_is_active(door: HttpDoor) -> None:
    listed = (await door.ask("GET", "/v1/templates", query={"limit": 200})).json()["data"]
    assert {"password-reset", "order-confirmation"} <= {each["name"] for each in listed if each["source"] == "ready_made"}
    seen = (await door.ask("GET", "/v1/templates/password-reset")).json()
    assert (seen["source"], seen["activeVersion"]) == ("ready_made", 1)
    assert (await door.ask("GET", "/v1/templates/password-reset/versions/1")).json()["locales"]
    assert (await door.ask("GET", "/v1/templates/password-reset/lint")).json()["findings"] == []
    await approval(door)
    await made(door, name="password-reset")
    reset = {"reset_link": "https://shop.example/r", "user_name": "John", "who": "John"}
    sent = await door.send(template="password-reset", subject=None, text=None, variables=reset)
    assert "shop.example/r" in (await door.ask("GET", f"/v1/messages/{sent['id']}/content")).json()["text"]
    names = [each["name"] for each in (await door.ask("GET", "/v1/templates")).json()["data"]]
    assert names.count("password-reset") == 1


async def test_lists_go_on_where_they_ended(door: HttpDoor) -> None:
    for number in range(3):
        await made(door, name=f"t{number}")
    whole = [each["name"] for each in (await door.ask("GET", "/v1/templates", query={"limit": 200})).json()["data"]]
    assert whole[:3] == ["t2", "t1", "t0"]
    found, cursor = [], None
    while True:
        page = (await door.ask("GET", "/v1/templates", query={"limit": 2} | ({"cursor": cursor} if cursor else {}))).json()
        found += [each["name"] for each in page["data"]]
        if (cursor := page["nextCursor"]) is None:
            break
    assert found == whole


async def test_a_preview_is_html_text_and_the_whole_mail_with_examples_for_what_is_left_out(door: HttpDoor) -> None:
    await made(door)
    await door.ask("POST", V, SECOND)
    seen = (await door.ask("POST", "/v1/templates/welcome/render", {})).json()
    assert (seen["version"], seen["subject"], seen["text"].strip()) == (1, "Hello Jane", "Hello Jane, version one.")
    assert "multipart/alternative" in seen["raw"]
    other = await door.ask("POST", "/v1/templates/welcome/render", {"version": 2, "variables": {"who": "<b>"}})
    assert "Hello &lt;b&gt;, version two." in other.json()["html"]
    in_path = await door.ask("POST", f"{V}/2/render", {"variables": {"who": 3}})
    assert (in_path.status, in_path.code()) == (422, "variable_invalid")
    assert (await door.ask("POST", "/v1/templates/order-confirmation/render", {})).json()["html"]
    assert (await door.ask("POST", "/v1/templates/nothing/render", {})).status == 404
    assert (await door.ask("POST", f"{V}/9/render", {})).status == 404


async def test_another_tenants_templates_are_not_there(door: HttpDoor) -> None:
    await made(door)
    for method, path, body in (
        ("GET", "/v1/templates/welcome", None),
        ("GET", f"{V}/1", None),
        ("GET", "/v1/templates/welcome/lint", None),
        ("POST", f"{V}/1/activate", None),
        ("POST", V, SECOND),
        ("POST", "/v1/templates/welcome/render", {}),
    ):
        assert (await door.ask(method, path, body, key=door.stranger)).status == 404, path
    assert (await door.ask("POST", "/v1/templates", WELCOME, key=door.stranger)).status == 201


async def test_live_and_test_share_templates(door: HttpDoor) -> None:
    await made(door)
    assert (await door.ask("GET", "/v1/templates/welcome", key=door.live)).json()["activeVersion"] == 1


async def test_what_is_no_version_is_not_found(door: HttpDoor) -> None:
    await made(door)
    for version in ("0", "-1", "x", "1.0", "99999999999", "2147483648", "7", "٣"):
        assert (await door.ask("GET", f"{V}/{version}")).status == 404, version
        assert (await door.ask("POST", f"{V}/{version}/activate")).status == 404, version


async def test_every_change_is_in_the_audit_trail_with_who_and_when(door: HttpDoor) -> None:
    await made(door)
    await door.ask("POST", V, SECOND, key=door.live)
    await door.ask("POST", f"{V}/2/activate", key=door.live)
    trail = (await door.ask("GET", "/v1/audit", query={"subject": "template/welcome"})).json()["data"]
    assert [each["action"] for each in trail] == [
        "template.activated",
        "template.version_created",
        "template.activated",
        "template.version_created",
    ]
    assert trail[0]["data"] == {"version": 2, "before": "draft", "after": "active", "replaced": 1}
    assert trail[0]["actor"].startswith("key_")
    page = (await door.ask("GET", "/v1/audit", query={"limit": 3})).json()
    rest = (await door.ask("GET", "/v1/audit", query={"cursor": page["nextCursor"]})).json()
    assert [*page["data"], *rest["data"]] == trail
    assert (await door.ask("GET", "/v1/audit", key=door.stranger)).json()["data"] == []


async def test_a_records_mail_is_rendered_again_and_a_difference_is_reported(
    door: HttpDoor, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made(door, type="receipt")
    taken = await door.send(template="welcome", subject=None, text=None, variables={"who": "Bob"})
    await door.ask("POST", V, SECOND)
    await door.ask("POST", f"{V}/2/activate")
    again = (await door.ask("GET", f"/v1/messages/{taken['id']}/rendering")).json()
    assert (again["same"], again["version"], again["subject"]) == (True, 1, "Hello Bob")
    assert again["digest"] == again["acceptedDigest"]
    monkeypatch.setattr("posthouse.admin.rerender.digest_of", lambda _: b"other")
    changed = (await door.ask("GET", f"/v1/messages/{taken['id']}/rendering")).json()
    assert (changed["same"], changed["acceptedDigest"]) == (False, again["acceptedDigest"])


async def test_a_mail_that_is_no_record_keeps_no_variables(door: HttpDoor) -> None:
    await made(door)
    taken = await door.send(template="welcome", subject=None, text=None, variables={"who": "Bob"})
    assert (await door.ask("GET", f"/v1/messages/{taken['id']}/rendering")).status == 404
    plain = await door.send()
    assert (await door.ask("GET", f"/v1/messages/{plain['id']}/rendering")).status == 404


async def test_a_changed_layout_leaves_versions_that_were_built_alone(door: HttpDoor) -> None:
    await door.ask("PUT", "/v1/layouts/base.html", {"source": "<h1>Old</h1>{% block body %}{% endblock %}"})
    await door.ask("PUT", "/v1/partials/foot.html", {"source": "<p>Shop {{ who }}</p>"})
    html = '{% extends "base" %}{% block body %}<p>Hello</p>{% include "foot" %}{% endblock %}'
    await made(door, html=html)
    assert await said(door) == "Old\n\nHello\n\nShop Bob"
    await door.ask("PUT", "/v1/layouts/base.html", {"source": "<h1>New</h1>{% block body %}{% endblock %}"})
    assert await said(door) == "Old\n\nHello\n\nShop Bob"
    assert (await door.ask("POST", f"{V}/1/activate")).json()["state"] == "active"
    await door.ask("POST", V, WELCOME | {"html": html})
    await door.ask("POST", f"{V}/2/activate")
    assert await said(door) == "New\n\nHello\n\nShop Bob"
    broken = await door.ask("POST", V, WELCOME | {"html": '\n{% include "no-such" %}'})
    assert broken.faults()["html"].startswith("line 2: there is no layout or partial 'no-such'")


async def test_an_error_of_lint_keeps_a_version_from_becoming_active(door: HttpDoor) -> None:
    first = await made(door, text="Hello {{ whom }}")
    errors = [
        (each["rule"], each["locale"], each["part"], each["line"]) for each in first["findings"] if each["severity"] == "error"
    ]
    assert (first["state"], errors) == ("draft", [("variable-undeclared", "en", "text", 1)])
    assert "whom" in first["notes"][0]
    refused = await door.ask("POST", f"{V}/1/activate")
    assert (refused.status, refused.code()) == (422, "validation_failed")
    assert "whom" in refused.faults()["variable-undeclared"]
    told = (await door.ask("GET", "/v1/templates/welcome/lint")).json()
    assert (told["blocked"], told["findings"]) == (True, first["findings"])

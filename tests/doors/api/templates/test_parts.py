"""Layouts, partials and brand over HTTP: changed, kept, and told in the audit trail."""

from tests.support.http_door import HttpDoor


async def test_a_layout_is_made_changed_and_taken_away(door: HttpDoor) -> None:
    path = "/v1/layouts/base.html"
    assert (await door.ask("GET", path)).status == 404
    first = (await door.ask("PUT", path, {"source": "<body>\r\n{% block body %}{% endblock %}</body>"})).json()
    assert (first["version"], first["source"]) == (1, "<body>\n{% block body %}{% endblock %}</body>")
    again = (await door.ask("PUT", path, {"source": first["source"]})).json()
    assert again == first
    assert (await door.ask("PUT", path, {"source": "<body></body>"})).json()["version"] == 2
    assert [each["name"] for each in (await door.ask("GET", "/v1/layouts")).json()["data"]] == ["base.html"]
    assert (await door.ask("GET", "/v1/partials")).json() == {"data": [], "nextCursor": None}
    assert (await door.ask("GET", path, key=door.stranger)).status == 404
    assert (await door.ask("DELETE", path)).status == 204
    assert (await door.ask("GET", path)).status == 404
    assert (await door.ask("DELETE", path)).status == 404
    assert (await door.ask("PUT", path, {"source": "x"})).json()["version"] == 4
    trail = (await door.ask("GET", "/v1/audit", query={"subject": "layout/base.html"})).json()["data"]
    assert [each["action"].partition(".")[2] for each in trail] == ["created", "removed", "changed", "created"]


async def test_layouts_and_partials_have_their_names_from_one_pool(door: HttpDoor) -> None:
    await door.ask("PUT", "/v1/layouts/base.html", {"source": "x"})
    assert "is the name of a layout" in (await door.ask("PUT", "/v1/partials/base.html", {"source": "x"})).faults()["name"]


async def test_what_is_no_name_of_a_part_is_not_there(door: HttpDoor) -> None:
    for name in ("-x", "a b", "x" * 129):
        assert (await door.ask("PUT", f"/v1/partials/{name}", {"source": "x"})).status == 404
    assert (await door.ask("PUT", "/v1/partials/x", {"source": "x" * 300_000})).faults().keys() == {"source"}


async def test_a_brand_is_changed_field_by_field_and_told(door: HttpDoor) -> None:
    assert set((await door.ask("GET", "/v1/brand")).json().values()) == {""}
    await door.ask("PATCH", "/v1/brand", {"company": "Shop", "color": "#1a73e8", "supportEmail": "help@shop.example"})
    brand = (await door.ask("PATCH", "/v1/brand", {"color": "", "postalAddress": "1 Main Street\nTown"})).json()
    assert (brand["company"], brand["color"], brand["postalAddress"]) == ("Shop", "", "1 Main Street\nTown")
    assert (await door.ask("GET", "/v1/brand", key=door.stranger)).json()["company"] == ""
    trail = (await door.ask("GET", "/v1/audit", query={"subject": "brand"})).json()["data"]
    assert trail[0]["data"]["before"] == {"color": "#1a73e8", "postalAddress": ""}
    for wrong in (
        {"logoUrl": "http://x.example/a.png"},
        {"color": "red"},
        {"supportEmail": "nobody"},
        {"supportUrl": "javascript:x"},
    ):
        assert (await door.ask("PATCH", "/v1/brand", wrong)).faults().keys() == wrong.keys()


async def test_the_brand_fills_the_variable_that_a_template_declares(door: HttpDoor) -> None:
    template = {
        "name": "branded",
        "subject": "From {{ brand.company }}",
        "text": "{{ brand.company }} {{ brand.color }}",
        "variables": [
            {
                "name": "brand",
                "type": "object",
                "properties": [{"name": "company", "type": "string"}, {"name": "color", "type": "string", "default": "#000000"}],
            }
        ],
    }
    await door.ask("POST", "/v1/templates", template)
    await door.ask("PATCH", "/v1/brand", {"company": "Shop"})
    mine = await door.send(template="branded", subject=None, text=None)
    given = await door.send(template="branded", subject=None, text=None, variables={"brand": {"company": "Other"}})
    texts = [(await door.ask("GET", f"/v1/messages/{each['id']}/content")).json()["text"].strip() for each in (mine, given)]
    assert texts == ["Shop #000000", "Other #000000"]

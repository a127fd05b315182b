"""The reference page is what the endpoint records say."""

import re

from posthouse.app.roles.http import ENDPOINTS
from tools.api_reference import PAGE, render


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == render(), "run python -m tools.api_reference"


def test_every_operation_has_a_heading_and_every_link_leads_to_one() -> None:
    page = render()
    headings = re.findall(r"^#{2,3} (.+)$", page, re.MULTILINE)
    assert {f"`{each.method} {each.path}`" for each in ENDPOINTS} <= set(headings)
    anchors = [re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-") for heading in headings]
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= set(anchors)
    assert len(set(anchors)) == len(anchors)

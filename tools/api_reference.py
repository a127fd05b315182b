"""The reference of the HTTP API, made from the same endpoint records as the routes and ``/openapi.json``.

``python -m tools.api_reference`` writes ``docs/api.md``; a test fails while the page differs from what this would write.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from posthouse.app.roles.http import ENDPOINTS
from posthouse.doors.http.endpoint import Endpoint
from posthouse.doors.http.openapi import document, refusal_codes
from posthouse.doors.http.problem import STATUS, TITLES

PAGE: Final = Path(__file__).resolve().parents[1] / "docs" / "api.md"
_ESCAPED: Final = str.maketrans({"|": "\\|", "<": "&lt;", "\n": " "})
_BOUNDS: Final = (
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", ""),
    ("", "maxProperties", ""),
    ("minimum", "maximum", ""),
)
_INTRODUCTION: Final = """\
# HTTP API

This page is made by `python -m tools.api_reference` from the records that also make the routes and `/openapi.json`. Limits are those of
the contract; the document of a running server has those in effect.

A key is sent as `Authorization: Bearer ph_live_…` or `ph_test_…`. Bodies are JSON in UTF-8 (RFC 8259) with names in camelCase; unknown
fields and parameters are refused and `null` counts as absent. Times are RFC 3339 with their zone. Every response carries `Request-Id`.
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(render(), encoding="utf-8")


def render() -> str:
    """The whole page."""
    schemas = document(ENDPOINTS, None)["components"]["schemas"]
    tags = list(dict.fromkeys(endpoint.tag for endpoint in ENDPOINTS))
    lines = [_INTRODUCTION, "## Operations", "", "| operation | |", "| --- | --- |"]
    lines += [f"| [`{each.method} {each.path}`](#{_anchor(each)}) | {each.summary} |" for each in ENDPOINTS]
    for tag in tags:
        lines += ["", f"## {tag}"]
        for endpoint in ENDPOINTS:
            if endpoint.tag == tag:
                lines += _operation(endpoint)
    lines += ["", "## Types"]
    for name in sorted(schemas):
        lines += _type(name, schemas[name])
    lines += ["", "## Errors", "", "Errors are RFC 9457 problems (`application/problem+json`) with one of these codes.", ""]
    lines += ["| code | status | title |", "| --- | --- | --- |"]
    lines += [f"| `{code}` | {status} | {TITLES[code]} |" for code, status in STATUS.items()]
    return "\n".join(lines) + "\n"


def _anchor(endpoint: Endpoint) -> str:
    """The anchor that Markdown makes of the operation's heading."""
    return re.sub(r"[^a-z0-9 _-]", "", f"{endpoint.method} {endpoint.path}".lower()).replace(" ", "-")


def _operation(endpoint: Endpoint) -> Iterator[str]:
    yield from ("", f"### `{endpoint.method} {endpoint.path}`", "", f"{endpoint.summary} (`{endpoint.operation_id}`)", "")
    if not endpoint.needs_key:
        yield "- No key is needed."
    if endpoint.is_idempotent:
        yield "- `Idempotency-Key` makes it safe to repeat."
    if endpoint.is_rate_limited:
        yield "- Counts towards the key's rate limit."
    if endpoint.body is not None:
        yield f"- Body: {_link(endpoint.body.__name__)}{' or none' if endpoint.is_body_optional else ''}."
    for media_type in endpoint.media_types:
        yield f"- Body: `{media_type}`."
    for status, response in endpoint.responses.items():
        types = [_link(each.__name__) for each in (response.body, response.or_body) if each is not None]
        if response.schema is not None:
            types = [f"`{response.media_type}`"]
        yield f"- {status}: {' or '.join(types)}{': ' if types else ''}{response.description}"
    yield "- Refused with " + ", ".join(f"`{code}`" for code in refusal_codes(endpoint)) + "."
    parameters = [(name, _schema_text(schema), "in the path") for name, schema in endpoint.path_parameters.items()]
    parameters += [(each.name, _schema_text(each.schema), each.description) for each in endpoint.query]
    yield from _table(("parameter", "value", ""), parameters)
    for example in endpoint.examples.values():
        yield from (
            "",
            f"{example['summary']}:",
            "",
            "```json",
            json.dumps(example["value"], indent=2, ensure_ascii=False),
            "```",
        )


def _type(name: str, schema: dict[str, Any]) -> Iterator[str]:
    yield from ("", f"### {name}", "", schema.get("description", "").translate(_ESCAPED))
    required = set(schema.get("required", ()))
    fields = schema.get("properties", {}).items()
    yield from _table(
        ("field", "value", ""),
        [(field, _schema_text(each) + (", required" if field in required else ""), _description(each)) for field, each in fields],
    )


def _table(heading: tuple[str, str, str], rows: list[tuple[str, str, str]]) -> Iterator[str]:
    if rows:
        yield from ("", f"| {' | '.join(heading)} |", "| --- | --- | --- |")
        yield from (f"| `{name}` | {value} | {text.translate(_ESCAPED)} |" for name, value, text in rows)


def _schema_text(schema: dict[str, Any]) -> str:
    """What a value may be, in a few words."""
    if "$ref" in schema:
        return _link(schema["$ref"].rpartition("/")[2])
    variants = [each for each in schema.get("anyOf", schema.get("oneOf", ())) if each.get("type") != "null"]
    if variants:
        return " or ".join(dict.fromkeys(_schema_text(each) for each in variants))
    if "const" in schema or "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema.get("enum", [schema.get("const")]) if value is not None)
    text = str(schema.get("format") or schema.get("type") or "any JSON") + _bounds(schema)
    if "items" in schema:
        item = _schema_text(schema["items"])
        return f"list{_bounds(schema)} of {f'({item})' if ' or ' in item else item}"
    if isinstance(schema.get("additionalProperties"), dict):
        return f"{text} of {_schema_text(schema['additionalProperties'])}"
    return text if schema.get("default") is None else f"{text}, default {json.dumps(schema['default'])}"


def _bounds(schema: dict[str, Any]) -> str:
    """``(1 to 200)``, ``(at most 998 characters)``, or nothing."""
    for low, high, unit in _BOUNDS:
        if low in schema and high in schema:
            return f" ({schema[low]} to {schema[high]}{unit})"
        if high in schema:
            return f" (at most {schema[high]}{unit})"
        if low in schema:
            return f" (at least {schema[low]}{unit})"
    return ""


def _description(schema: dict[str, Any]) -> str:
    texts = [schema.get("description"), *(each.get("description") for each in schema.get("anyOf", ()))]
    return " ".join(text for text in dict.fromkeys(texts) if text)


def _link(type_name: str) -> str:
    return f"[{type_name}](#{type_name.lower()})"


if __name__ == "__main__":
    main()

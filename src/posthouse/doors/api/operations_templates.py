"""The operations on templates, and on what they share, as OpenAPI tells them; ``operations`` joins them to the others."""

from typing import Any, Final

from posthouse.doors.api.operations_settings import SETTINGS
from posthouse.doors.api.templates.wire import PartBody, RenderBody, TemplateBody, VersionBody
from posthouse.doors.http.operation import CURSOR, LIMIT, Operation, Parameter, ResponseDoc, Schema
from posthouse.model.views.templates import (
    LintView,
    PartPage,
    PartView,
    PreviewView,
    RerenderView,
    TemplateDetail,
    TemplatePage,
    VersionView,
)

NAMED: Final[dict[str, Schema]] = {
    "/v1/templates": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", "examples": ["password-reset"]},
    "/v1/layouts": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", "examples": ["base.html"]},
    "/v1/partials": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$", "examples": ["footer.html"]},
    "/v1/types": {"type": "string", "pattern": "^[a-z][a-z0-9]*(_[a-z0-9]+)*$", "maxLength": 64, "examples": ["order_update"]},
    "/v1/streams": {"type": "string", "pattern": "^[a-z0-9][a-z0-9._-]{0,63}$", "examples": ["transactional"]},
}
VERSION: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": 999_999_999, "examples": [1]}
TEMPLATE: Final[dict[str, Any]] = {
    "welcome": {
        "summary": "A template with two variables, in two languages",
        "value": {
            "name": "invoice-ready",
            "type": "transactional",
            "subject": "Your invoice {{ number }} is ready",
            "html": '<p>Hello {{ user_name }},</p><p>your invoice {{ number }} is ready: <a href="{{ link }}">{{ link }}</a></p>',
            "locale": "en",
            "locales": {
                "de": {
                    "subject": "Ihre Rechnung {{ number }} ist da",
                    "html": '<p>Guten Tag {{ user_name }},</p><p>Ihre Rechnung {{ number }} ist da: <a href="{{ link }}">{{ link }}</a></p>',
                }
            },
            "variables": [
                {"name": "number", "type": "string", "required": True, "example": "R-1042"},
                {"name": "user_name", "type": "string", "required": True, "example": "Jane"},
                {"name": "link", "type": "url", "required": True, "example": "https://shop.example/invoices/1042"},
            ],
        },
    }
}
REVISION: Final[dict[str, Any]] = {
    "shorter": {
        "summary": "The next version",
        "value": {
            "subject": "Your invoice",
            "text": "Your invoice {{ number }} is ready.",
            "variables": [{"name": "number", "type": "string"}],
        },
    }
}
RENDER: Final[dict[str, Any]] = {
    "examples": {
        "summary": "With examples for everything that is left out",
        "value": {"variables": {"user_name": "Jane"}, "locale": "en"},
    }
}
PART: Final[dict[str, Any]] = {"footer": {"summary": "A partial", "value": {"source": "<p>Shop, 1 Main Street</p>"}}}
_T: Final = "/v1/templates/{name}"
_V: Final = f"{_T}/versions/{{version}}"
_TAG: Final = "Templates"


def _move(verb: str, summary: str, *refusals: str) -> Operation:
    return Operation(
        method="post", path=f"{_V}/{verb}", name=f"{verb}Version", summary=summary, tag=_TAG,
        replies={200: ResponseDoc("The version as it is then.", VersionView)}, refusals=refusals,
    )  # fmt: skip


def _renders(path: str, name: str) -> Operation:
    return Operation(
        method="post", path=f"{path}/render", name=name, summary="Preview as HTML, text and raw MIME", tag=_TAG, body=RenderBody,
        examples=RENDER, replies={200: ResponseDoc("The preview.", PreviewView)}, refusals=("variable_invalid",),
    )  # fmt: skip


def _lints(path: str, name: str, *parameters: Parameter) -> Operation:
    return Operation(
        method="get", path=f"{path}/lint", name=name, summary="What lint says", tag=_TAG, parameters=parameters,
        replies={200: ResponseDoc("The findings.", LintView)},
    )  # fmt: skip


def _parts(kind: str) -> tuple[Operation, ...]:
    path, title = f"/v1/{kind}s", kind.capitalize()
    return (
        Operation(
            method="get", path=path, name=f"list{title}s", summary=f"List {kind}s", tag=_TAG, replies={200: ResponseDoc("All of them, by name.", PartPage)}
        ),
        Operation(
            method="get", path=f"{path}/{{name}}", name=f"get{title}", summary=f"One {kind}", tag=_TAG,
            replies={200: ResponseDoc("As it is now.", PartView)},
        ),
        Operation(
            method="put", path=f"{path}/{{name}}", name=f"put{title}", summary=f"Make or change a {kind}; versions that were built stay as they are",
            tag=_TAG, body=PartBody, examples=PART, replies={200: ResponseDoc("As it is now.", PartView)},
        ),
        Operation(
            method="delete", path=f"{path}/{{name}}", name=f"delete{title}", summary=f"Take a {kind} away", tag=_TAG, replies={204: ResponseDoc("Gone.")}
        ),
    )  # fmt: skip


TEMPLATES: Final = (
    Operation(
        method="get", path="/v1/templates", name="listTemplates", summary="List templates, own and ready-made", tag=_TAG,
        parameters=(CURSOR, LIMIT), replies={200: ResponseDoc("A page of templates.", TemplatePage)},
    ),
    Operation(
        method="post", path="/v1/templates", name="createTemplate", summary="Make a template; version 1 is active at once where nothing is against it",
        tag=_TAG, body=TemplateBody, examples=TEMPLATE, replies={201: ResponseDoc("Version 1, and what lint says of it.", VersionView)},
    ),
    Operation(method="get", path=_T, name="getTemplate", summary="One template with its versions", tag=_TAG, replies={200: ResponseDoc("The template.", TemplateDetail)}),
    _lints(_T, "lintTemplate", Parameter("version", "Left out: the active version, else the newest.", VERSION)),
    _renders(_T, "renderTemplate"),
    Operation(
        method="post", path=f"{_T}/versions", name="createVersion", summary="Write the next version; the active one is left alone", tag=_TAG,
        body=VersionBody, examples=REVISION, replies={201: ResponseDoc("The version, a draft.", VersionView)},
    ),
    Operation(method="get", path=_V, name="getVersion", summary="One version with its words", tag=_TAG, replies={200: ResponseDoc("The version.", VersionView)}),
    _move("submit", "Put a draft up for review"),
    _move("approve", "Say that a version may go live", "forbidden"),
    _move("reject", "Send a version back to its author", "forbidden"),
    _move("activate", "Switch to a version, or back to an older one", "forbidden"),
    _move("retire", "Take a template out of use", "forbidden"),
    _lints(_V, "lintVersion"),
    _renders(_V, "renderVersion"),
    Operation(
        method="get", path="/v1/messages/{id}/rendering", name="rerender", summary="Render a record again from version and variables, and compare",
        tag="Messages", replies={200: ResponseDoc("The rendering of today, and whether it is the same.", RerenderView)}, refusals=("variable_invalid",),
    ),
    *_parts("layout"),
    *_parts("partial"),
    *SETTINGS,
)  # fmt: skip

"""A template: a version in one or more languages, and the typed variables it is rendered with (C2, C3, C7).

A ``TemplateSource`` is what an author wrote for one language, in HTML or MJML, with layouts and partials by name. ``build`` makes
a ``CompiledTemplate`` of it once, when it is saved. That needs nothing else any more, so it is stored, and what is rendered
months later is the same although a partial has changed since.
"""

from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

import msgspec
from babel.core import get_global

from posthouse.model.mailbox import Mailbox
from posthouse.model.template_state import TemplateState

DEFAULT_LOCALE: Final = "default"
_LANGUAGE_AND_REGION: Final = 2
_SCRIPT: Final = 4  # letters; a region has two, or three digits


class VariableType(StrEnum):
    """The types a variable may have; ``templates.language.variable_types`` says what each accepts."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    MONEY = "money"
    URL = "url"
    EMAIL = "email"
    ARRAY = "array"
    OBJECT = "object"


class Variable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One variable, by the same names in Python, JSON and TOML.

    ``also``: other names a caller may give it under. ``default``: used where it is left out. ``example``: what a preview
    shows. ``items``: the type of each item of an array (its ``name`` is left out). ``properties``: the members of an object.
    """

    name: str = ""
    type: VariableType
    required: bool = False
    default: Any = None
    also: tuple[str, ...] = ()
    description: str = ""
    example: Any = None
    items: "Variable | None" = None
    properties: tuple["Variable", ...] = ()


class TemplateSource(msgspec.Struct, frozen=True, kw_only=True):
    """What an author wrote for one language: ``html`` or ``mjml``, not both; without ``text`` it is made from them."""

    subject: str
    html: str = ""
    mjml: str = ""
    text: str = ""


class CompiledTemplate(msgspec.Struct, frozen=True):
    """The three parts in one language, ready to be rendered and needing nothing else; '' where there is none.

    Without ``text`` it is made from the HTML when it is rendered; a template from ``build`` always has one.
    """

    subject: str
    html: str
    text: str


@lru_cache(1024)
def lookup_tags(locale: str) -> tuple[str, ...]:
    """The language tags to try for a reader, the best first, in lower case; where the region implies a script (CLDR), also by
    that (RFC 4647 3.4).
    """
    pieces = locale.replace("_", "-").lower().split("-")
    tags = ["-".join(pieces[:count]) for count in range(len(pieces), 0, -1)]
    if len(pieces) == 1 or (len(pieces) == _LANGUAGE_AND_REGION and len(pieces[1]) < _SCRIPT):
        likely = get_global("likely_subtags")
        known = likely.get("_".join((pieces[0], *(piece.upper() for piece in pieces[1:])))) or likely.get(pieces[0])
        script = known.lower().split("_")[1] if known is not None else ""
        tags[1:1] = ["-".join((pieces[0], script, *pieces[1:count])) for count in range(len(pieces), 0, -1)] if script else []
    return tuple(tags)


class TemplateVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a template. ``type``: the message type of its mails; ``compiled_templates`` by language tag, one of them
    ``fallback``.

    ``sender``: the From address where a message has none. ``trusted``: ours or the operator's, may be rendered in this process;
    False for what a tenant wrote.
    """

    name: str
    version: int
    type: str | None
    variables: tuple[Variable, ...]
    compiled_templates: dict[str, CompiledTemplate]
    fallback: str = DEFAULT_LOCALE
    trusted: bool = True
    sender: Mailbox | None = None

    def template_for(self, locale: str | None) -> tuple[str, CompiledTemplate]:
        """The template for a reader of ``locale``: its own, else one in its script and language (zh-TW, zh-Hant, zh; de-AT, de),
        else the fallback (RFC 4647 3.4).

        Errors: KeyError, where the version lacks its fallback.
        """
        if locale is not None:
            known = {tag.lower(): tag for tag in self.compiled_templates}
            for candidate in lookup_tags(locale):
                tag = known.get(candidate)
                if tag is not None:
                    return tag, self.compiled_templates[tag]
        return self.fallback, self.compiled_templates[self.fallback]


class RenderedTemplate(msgspec.Struct, frozen=True):
    """The result of rendering. ``html`` is None where the template has none; ``locale``: of the chosen template."""

    subject: str
    html: str | None
    text: str
    locale: str


class TemplateDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A template as its author wrote it.

    ``sources`` by language tag, one of them ``fallback``. ``type`` None: that of each message. ``waivers``: lint rule to reason.

    ``sender``: the From address where a message has none, with or without a display name; '' for the stream's or tenant's.
    ``parent``: where the type is the tenant's own, the built-in one it behaves as; lint goes by it. It is no part of what is
    stored.
    """

    name: str
    type: str | None = None
    variables: tuple[Variable, ...] = ()
    sources: dict[str, TemplateSource]
    fallback: str = DEFAULT_LOCALE
    waivers: dict[str, str] = {}
    sender: str = ""
    parent: str | None = None


def plain_variable(variable: Variable) -> dict[str, Any]:
    """A variable as in JSON or TOML, without what has its default."""
    plain: dict[str, Any] = {"name": variable.name} if variable.name else {}
    plain["type"] = variable.type.value
    plain |= {"required": True} if variable.required else {}
    plain |= {"also": list(variable.also)} if variable.also else {}
    plain |= {"description": variable.description} if variable.description else {}
    plain |= {"default": variable.default} if variable.default is not None else {}
    plain |= {"example": variable.example} if variable.example is not None else {}
    plain |= {"items": plain_variable(variable.items)} if variable.items is not None else {}
    return plain | ({"properties": [plain_variable(inner) for inner in variable.properties]} if variable.properties else {})


class StoredVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version without its content. ``approved_by`` None: not approved; ``activated_at``: when it became active last.
    ``sender``: '' for none.
    """

    name: str
    version: int
    type: str | None
    state: TemplateState
    fallback: str
    variables: tuple[Variable, ...]
    waivers: dict[str, str]
    digest: bytes
    author: str
    created_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    activated_at: datetime | None
    sender: str = ""


class TemplateSummary(msgspec.Struct, frozen=True):
    """A template as lists show it: ``type`` is the newest version's, ``active`` None where no version is."""

    id: UUID
    name: str
    created_at: datetime
    latest: int
    type: str | None
    active: int | None


class StoredPart(msgspec.Struct, frozen=True):
    """A version of a layout or partial. ``kind``: which of the two. ``source`` None: removed."""

    kind: str
    name: str
    version: int
    source: str | None
    author: str
    created_at: datetime


MOST_VARIABLES: Final = 200

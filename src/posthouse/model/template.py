"""What a template is: a version's words in one or more languages, and the typed variables they are filled with (C2, C3, C7).

A ``Source`` is what an author wrote for one language, in HTML or MJML, with layouts and partials by name. ``build`` makes a
``Wording`` of it once, when it is saved: a wording needs nothing else any more, so it is what is stored, and what is
rendered months later is the same although a partial has changed since.
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
    """The types a variable may have; what each takes is said in ``variables``."""

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
    shows. ``items``: what each item of an array is (its ``name`` is left out). ``properties``: what an object holds.
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

    Without ``text`` it is made from the HTML when it is rendered; a wording from ``build`` always has one.
    """

    subject: str
    html: str
    text: str


@lru_cache(1024)
def looked_for(locale: str) -> tuple[str, ...]:
    """The tags whose words suit a reader, the best first, in lower case; where the reader's region tells the script (CLDR), also by that."""
    pieces = locale.replace("_", "-").lower().split("-")
    tags = ["-".join(pieces[:count]) for count in range(len(pieces), 0, -1)]
    if len(pieces) == 1 or (len(pieces) == _LANGUAGE_AND_REGION and len(pieces[1]) < _SCRIPT):
        likely = get_global("likely_subtags")
        known = likely.get("_".join((pieces[0], *(piece.upper() for piece in pieces[1:])))) or likely.get(pieces[0])
        script = known.lower().split("_")[1] if known is not None else ""
        tags[1:1] = ["-".join((pieces[0], script, *pieces[1:count])) for count in range(len(pieces), 0, -1)] if script else []
    return tuple(tags)


class TemplateVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a template. ``type``: the message type its mails have; ``wordings`` by language tag, one of them ``fallback``.

    ``sender``: who its mails are from where a message does not say. ``trusted``: ours or the operator's, may be rendered in this process; False for what a tenant wrote.
    """

    name: str
    version: int
    type: str | None
    variables: tuple[Variable, ...]
    wordings: dict[str, CompiledTemplate]
    fallback: str = DEFAULT_LOCALE
    trusted: bool = True
    sender: Mailbox | None = None

    def wording(self, locale: str | None) -> tuple[str, CompiledTemplate]:
        """The words for a reader of ``locale``: its own, else those in its script and language (zh-TW, zh-Hant, zh; de-AT, de), else the
        fallback's (RFC 4647 3.4).

        Errors: KeyError, where the version lacks its fallback.
        """
        if locale is not None:
            known = {tag.lower(): tag for tag in self.wordings}
            for wanted in looked_for(locale):
                tag = known.get(wanted)
                if tag is not None:
                    return tag, self.wordings[tag]
        return self.fallback, self.wordings[self.fallback]


class RenderedTemplate(msgspec.Struct, frozen=True):
    """What was made. ``html`` is None where the template has none; ``locale`` is the wording that was chosen."""

    subject: str
    html: str | None
    text: str
    locale: str


class TemplateDraft(msgspec.Struct, frozen=True, kw_only=True):
    """``sources`` by language tag, one of them ``fallback``. ``type`` None: whatever a message says. ``waivers``: lint rule to reason.

    ``sender``: who mail is from where a message does not say, with or without a display name; '' for the stream's or tenant's.
    ``parent``: where the type is the tenant's own, the built-in one it behaves as; lint goes by it. It is no part of what is stored.
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
    """A variable as JSON or TOML says it, without what is as by default."""
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
    """A version without its words. ``approved_by`` None: nobody has; ``activated_at``: when it became active last. ``sender``: '' for none."""

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
    """``kind``: layout or partial. ``source`` None: taken away."""

    kind: str
    name: str
    version: int
    source: str | None
    author: str
    created_at: datetime


MOST_VARIABLES: Final = 200

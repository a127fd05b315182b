"""What a template is: a version's words in one or more languages, and the typed variables they are filled with (C2, C3, C7)."""

from enum import StrEnum
from typing import Any

import msgspec


class VariableType(StrEnum):
    """The types a variable may have; ``url`` is a string that is a web address."""

    STRING = "string"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    ARRAY = "array"
    OBJECT = "object"
    URL = "url"


class Variable(msgspec.Struct, frozen=True, kw_only=True):
    """One variable. ``also``: other names a caller may give it under. ``default``: used where it is left out.

    ``fields``: of an object, or of each item of an array.
    """

    name: str
    type: VariableType
    required: bool = False
    default: Any = None
    also: tuple[str, ...] = ()
    fields: tuple["Variable", ...] = ()


class Wording(msgspec.Struct, frozen=True):
    """The three parts in one language; '' where there is none. Without ``text`` it is made from the HTML."""

    subject: str
    html: str
    text: str


class TemplateVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a template. ``type``: the message type its mails have; ``wordings`` by language tag, one of them ``fallback``."""

    name: str
    version: int
    type: str | None
    variables: tuple[Variable, ...]
    wordings: dict[str, Wording]
    fallback: str = "en"

    def wording(self, locale: str | None) -> tuple[str, Wording]:
        """The words for a reader of ``locale``: its own, else those of its language, else the fallback's."""
        wanted = (locale or self.fallback).replace("_", "-").lower()
        known = {tag.lower(): tag for tag in self.wordings}
        tag = known.get(wanted) or known.get(wanted.partition("-")[0]) or self.fallback
        return tag, self.wordings[tag]


class Rendered(msgspec.Struct, frozen=True):
    """What was made. ``html`` is None where the template has none; ``locale`` is the wording that was chosen."""

    subject: str
    html: str | None
    text: str
    locale: str

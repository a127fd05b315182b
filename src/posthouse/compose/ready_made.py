"""The templates that come with the product: their words are package data, one folder each, read once at import.

A folder holds ``template.toml`` (name, version, message type, typed variables) and the parts of its English wording:
``subject.txt``, ``body.html``, ``body.txt``. What each family must say and must not is in the texts themselves; the tests hold them to it.

Known sharp edges: this is the one place of a pure room that reads files, and only the package's own, like an import.
"""

import tomllib
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import msgspec

from posthouse.compose.template import TemplateVersion, Variable, Wording

NAMES: Final = ("password-reset", "order-confirmation")
_LOCALE: Final = "en"


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What ``template.toml`` says."""

    name: str
    version: int
    type: str
    variables: tuple[Variable, ...]


def load(folder: Traversable) -> TemplateVersion:
    """The template in a folder. Errors: OSError, msgspec.ValidationError, tomllib.TOMLDecodeError."""
    manifest = msgspec.convert(tomllib.loads(_read(folder, "template.toml")), _Manifest)
    wording = Wording(
        subject=_read(folder, "subject.txt").strip(), html=_read(folder, "body.html"), text=_read(folder, "body.txt")
    )
    return TemplateVersion(
        name=manifest.name,
        version=manifest.version,
        type=manifest.type,
        variables=manifest.variables,
        wordings={_LOCALE: wording},
        fallback=_LOCALE,
    )


def _read(folder: Traversable, name: str) -> str:
    return folder.joinpath(name).read_text(encoding="utf-8")


_TEMPLATES: Final = files("posthouse.compose") / "templates"
READY_MADE: Final[dict[str, TemplateVersion]] = {name: load(_TEMPLATES / name) for name in NAMES}

"""The templates that come with the product: package data in ``shipped``, one folder each, read and built at first use.

A folder has ``template.toml`` (name, version, message type, typed variables, the locale it is written in) and the parts:
``subject.txt``, ``body.mjml`` or ``body.html``, ``body.txt``; a folder in it holds those of a further language (``de/``).
``_layouts`` and ``_partials`` are what they share; tenants may include these too (``SHIPPED``).

Known sharp edges: this is the one place of a pure room that reads files, and only the package's own, like an import.
"""

import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

import msgspec

from posthouse.model.template import CompiledTemplate, TemplateSource, TemplateVersion, Variable
from posthouse.templates.build.build import build

NAMES: Final = (
    "password-reset", "email-verification", "two-factor-code", "magic-link", "order-confirmation", "receipt", "refund", "payment-failed", "shipped",
    "out-for-delivery", "delivered", "password-changed", "new-sign-in", "email-changed", "billing-failed", "trial-ending", "plan-changed",
    "card-expiring",
)  # fmt: skip
_ENGLISH: Final = "en"
_SHARED: Final = ("_layouts", "_partials")
_PARTS: Final = {"subject": "subject.txt", "html": "body.html", "mjml": "body.mjml", "text": "body.txt"}


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of ``template.toml``."""

    name: str
    version: int
    type: str
    variables: tuple[Variable, ...] = ()
    locale: str = _ENGLISH
    waivers: dict[str, str] = {}


class ReadyMadeBroken(ValueError):
    """A template of ours that cannot be built: a mistake in the package."""


def load(folder: Traversable, library: Mapping[str, str] | None = None) -> TemplateVersion:
    """The template in a folder. Errors: ReadyMadeBroken, OSError, msgspec.ValidationError, tomllib.TOMLDecodeError."""
    manifest = msgspec.convert(tomllib.loads(_read(folder, "template.toml")), _Manifest)
    shared = SHIPPED if library is None else library
    return TemplateVersion(
        name=manifest.name,
        version=manifest.version,
        type=manifest.type,
        variables=manifest.variables,
        compiled_templates={
            locale: _build(manifest.name, locale, source, shared) for locale, source in sources(folder, manifest.locale).items()
        },
        fallback=manifest.locale,
    )


def sources(folder: Traversable, locale: str) -> dict[str, TemplateSource]:
    """The sources in a folder, by language; ``locale``: that of the files beside the folders of languages."""
    by_locale = {locale: _source(folder)} | {inner.name: _source(inner) for inner in folder.iterdir() if inner.is_dir()}
    return dict(sorted(by_locale.items()))


def _build(name: str, locale: str, source: TemplateSource, library: Mapping[str, str]) -> CompiledTemplate:
    built = build(source, library, locale)
    if isinstance(built, CompiledTemplate):
        return built
    raise ReadyMadeBroken(
        f"{name} ({locale}): " + "; ".join(f"{fault.part} line {fault.line}: {fault.message}" for fault in built)
    )


def _source(folder: Traversable) -> TemplateSource:
    return TemplateSource(**{part: _read(folder, name) for part, name in _PARTS.items() if folder.joinpath(name).is_file()})


def _read(folder: Traversable, name: str) -> str:
    return folder.joinpath(name).read_text(encoding="utf-8")


def _shared() -> dict[str, str]:
    folders = (FOLDER.joinpath(name) for name in _SHARED)
    return {
        inner.name: inner.read_text(encoding="utf-8")
        for folder in folders
        if folder.is_dir()
        for inner in folder.iterdir()
        if inner.is_file() and not inner.name.startswith(".")
    }


@lru_cache(len(NAMES))
def _loaded(name: str) -> TemplateVersion:
    return load(FOLDER / name)


class _ReadyMadeTemplates(Mapping[str, TemplateVersion]):
    """The templates by name; each is read at first use."""

    def __getitem__(self, name: str) -> TemplateVersion:
        if name not in NAMES:
            raise KeyError(name)
        return _loaded(name)

    def __contains__(self, name: object) -> bool:
        return name in NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(NAMES)

    def __len__(self) -> int:
        return len(NAMES)


FOLDER: Final = files("posthouse.templates") / "shipped"
SHIPPED: Final[Mapping[str, str]] = _shared()
READY_MADE: Final[Mapping[str, TemplateVersion]] = _ReadyMadeTemplates()

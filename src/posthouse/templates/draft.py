"""What an author hands in: a template's sources by language, its typed variables, and the lint rules that are waived.

A draft becomes a version when it is built and stored. ``digest`` says whether two are the same: it covers the sources and
everything that was built from them, so a changed layout makes a new version although the folder of the template did not change.

Known sharp edges: a new release of the MJML engine may build other bytes from the same draft, and then pushing it makes a
version.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from posthouse.mail.address import AddressFault, mailbox_or_none, parse_mailbox
from posthouse.model.send_request import FieldError
from posthouse.model.template import MOST_VARIABLES, CompiledTemplate, TemplateDraft, TemplateSource, TemplateVersion, Variable
from posthouse.templates.variables import RESERVED, declaration_faults

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
LOCALE: Final = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")
VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}", re.ASCII)
MOST_LOCALES: Final = 50
MOST_LOCALE: Final = 64
MOST_DEPTH: Final = 8
_NAME_MESSAGE: Final = "must be letters, digits, '.', '_' and '-', at most 128, and begin with a letter or digit"
_ENCODER: Final = msgspec.json.Encoder(order="sorted")


def source_of(*, subject: str = "", html: str = "", mjml: str = "", text: str = "") -> TemplateSource:
    """The source in one language, normalised: line ends as LF, the subject without white space around it."""
    html, mjml, text = (text.replace("\r\n", "\n") for text in (html, mjml, text))
    return TemplateSource(subject=subject.replace("\r\n", "\n").strip(), html=html, mjml=mjml, text=text)


def version_of(draft: TemplateDraft, number: int, compiled_templates: Mapping[str, CompiledTemplate]) -> TemplateVersion:
    """The version that a draft becomes; a tenant wrote it, so it is not trusted."""
    return TemplateVersion(
        name=draft.name,
        version=number,
        type=draft.type,
        variables=draft.variables,
        compiled_templates=dict(compiled_templates),
        fallback=draft.fallback,
        trusted=False,
        sender=mailbox_or_none(draft.sender),
    )


def digest(draft: TemplateDraft, compiled_templates: Mapping[str, CompiledTemplate]) -> bytes:
    """SHA-256 of the sources and the compiled templates, whatever their order and number."""
    text: tuple[Any, ...] = (draft.type, draft.variables, draft.sources, draft.fallback, draft.waivers, dict(compiled_templates))
    if draft.sender:  # so that a draft without one has the digest it had before senders existed
        text = (*text, draft.sender)
    return hashlib.sha256(_ENCODER.encode(text)).digest()


def faults(draft: TemplateDraft) -> tuple[FieldError, ...]:
    """What is wrong with the declarations of a draft, all at once; its sources are for building and lint."""
    errors = [FieldError("name", _NAME_MESSAGE)] if not NAME.fullmatch(draft.name) else []
    if draft.sender and isinstance(fault := parse_mailbox(draft.sender), AddressFault):
        errors.append(FieldError("from", fault.message))
    if draft.fallback not in draft.sources:
        errors.append(FieldError("locale", f"has no words: there are {', '.join(sorted(draft.sources)) or 'none at all'}"))
    if len(draft.sources) > MOST_LOCALES:
        errors.append(FieldError("locales", f"must be at most {MOST_LOCALES}"))
    for locale, source in draft.sources.items():
        errors += _source_faults(locale, source, "" if locale == draft.fallback else f"locales.{locale}.")
    count = [0]
    wrong_declarations = list(_declaration_faults(draft.variables, "variables", count))
    errors += wrong_declarations
    if count[0] > MOST_VARIABLES:
        errors.append(FieldError("variables", f"must be at most {MOST_VARIABLES}, with their items and properties"))
    elif not wrong_declarations:
        errors += declaration_faults(draft.variables)
    errors += (FieldError(f"waivers.{rule}", "must say why") for rule, reason in draft.waivers.items() if not reason.strip())
    return tuple(errors)


def _source_faults(locale: str, source: TemplateSource, path: str) -> Iterator[FieldError]:
    if not LOCALE.fullmatch(locale) or len(locale) > MOST_LOCALE:
        yield FieldError(path.rstrip(".") or "locale", "must be a language tag such as de or pt-BR")
    if not source.subject.strip():
        yield FieldError(f"{path}subject", "must not be empty")
    if source.html and source.mjml:
        yield FieldError(f"{path}mjml", "stands beside html; one of the two is enough")
    if not (source.html or source.mjml or source.text):
        yield FieldError(f"{path}html", "is required, or mjml, or text")
    for part, text in zip(TemplateSource.__struct_fields__, msgspec.structs.astuple(source), strict=True):
        if "\0" in text or not _is_text(text):
            yield FieldError(f"{path}{part}", "must not contain NUL or half of a surrogate pair")


def _declaration_faults(variables: Sequence[Variable], path: str, count: list[int], depth: int = 1) -> Iterator[FieldError]:
    seen: set[str] = set()
    for index, variable in enumerate(variables):
        item_path = f"{path}[{index}]"
        for name in (variable.name, *variable.also):
            if not VARIABLE.fullmatch(name):
                yield FieldError(f"{item_path}.name", "must be letters, digits and _, not beginning with a digit")
            elif name in RESERVED:
                yield FieldError(f"{item_path}.name", f"'{name}' is a word of the language")
            elif name in seen:
                yield FieldError(f"{item_path}.name", f"{name} is declared twice")
            seen.add(name)
        yield from _nested_faults(variable, item_path, count, depth)


def _nested_faults(variable: Variable, item_path: str, count: list[int], depth: int) -> Iterator[FieldError]:
    count[0] += 1
    if depth > MOST_DEPTH or count[0] > MOST_VARIABLES:
        if depth > MOST_DEPTH:
            yield FieldError(item_path, f"is nested deeper than {MOST_DEPTH} levels")
        return
    yield from _declaration_faults(variable.properties, f"{item_path}.properties", count, depth + 1)
    if variable.items is not None:
        yield from _nested_faults(variable.items, f"{item_path}.items", count, depth + 1)


def _is_text(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

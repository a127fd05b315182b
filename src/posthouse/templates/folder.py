"""Templates as files, for version control: a mapping from path to text becomes drafts and parts, and back (C1).

One folder a template: ``template.toml`` says what it is, ``subject.txt``, ``body.mjml`` or ``body.html`` and ``body.txt`` its
words in its own locale, a folder for each further one (``de/subject.txt`` …). ``_layouts/`` and ``_partials/`` have what
templates share, one file each. The subject is one line, its line end is not part of it; every other file counts to the last
character, with line ends as LF. ``files_of`` writes what ``read_folder`` reads: reading it again gives an equal draft.

Known sharp edges: unknown files are errors, because a misspelled ``body.htm`` would otherwise be a mail without HTML; those that
begin with a dot, ``README.md`` and ``LICENSE`` are ignored. A ``version`` in ``template.toml`` is read and ignored, as in
ready-made ones.
"""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from math import isfinite
from typing import Any, Final

import msgspec

from posthouse.model.send_request import FieldError
from posthouse.model.template import DEFAULT_LOCALE, TemplateDraft, Variable, plain_variable
from posthouse.templates import toml
from posthouse.templates.draft import NAME, faults, source_of

MANIFEST: Final = "template.toml"
KINDS: Final = {"_layouts": "layout", "_partials": "partial"}
FOLDERS: Final = {kind: folder for folder, kind in KINDS.items()}
_FILES: Final = {"subject.txt": "subject", "body.html": "html", "body.mjml": "mjml", "body.txt": "text"}
_SILENT: Final = frozenset({"README.md", "LICENSE"})
Parts = dict[tuple[str, str], str]


class TemplateFolder(msgspec.Struct, frozen=True):
    """Drafts by name, parts by kind and name, and the faults, each with the file it is in."""

    drafts: dict[str, TemplateDraft]
    parts: Parts
    faults: tuple[FieldError, ...] = ()


class _Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The content of ``template.toml``; ``template`` is another name for ``name``."""

    name: str = ""
    template: str = ""
    version: int = 0
    type: str | None = None
    sender: str = msgspec.field(default="", name="from")
    locale: str = DEFAULT_LOCALE
    variables: tuple[Variable, ...] = ()
    waivers: dict[str, str] = {}


def read_folder(files: Mapping[str, str]) -> TemplateFolder:
    """The templates and parts in a tree of files; paths are relative, with ``/``."""
    errors: list[FieldError] = []
    parts: Parts = {}
    trees: dict[str, dict[str, str]] = {}
    for path, text in sorted(files.items()):
        top, _, rest = path.partition("/")
        if any(piece.startswith(".") for piece in path.split("/")) or path.rpartition("/")[2] in _SILENT:
            continue
        if not rest:
            errors.append(FieldError(path, "is in no template's folder"))
        elif top in KINDS:
            if NAME.fullmatch(rest):
                parts[KINDS[top], rest] = text.replace("\r\n", "\n")
            else:
                errors.append(FieldError(path, "is no name of a layout or partial"))
        else:
            trees.setdefault(top, {})[rest] = text
    shared_names = {name for kind, name in parts if kind == "layout"} & {name for kind, name in parts if kind == "partial"}
    errors += (
        FieldError(f"_partials/{name}", "has the name of a layout; a template could mean either") for name in sorted(shared_names)
    )
    drafts: dict[str, TemplateDraft] = {}
    for top, tree in trees.items():
        draft = _draft(top, tree, errors)
        if draft is not None and draft.name in drafts:
            errors.append(FieldError(f"{top}/{MANIFEST}", f"has the name {draft.name}, as another folder has"))
        elif draft is not None:
            drafts[draft.name] = draft
    return TemplateFolder(drafts, parts, tuple(errors))


def files_of(draft: TemplateDraft) -> dict[str, str]:
    """The files of a template, by path within the tree."""
    manifest: dict[str, Any] = {"name": draft.name} | ({} if draft.type is None else {"type": draft.type})
    if draft.sender:
        manifest["from"] = draft.sender
    manifest["locale"] = draft.fallback
    if draft.waivers:
        manifest["waivers"] = draft.waivers
    if draft.variables:
        manifest["variables"] = [plain_variable(variable) for variable in draft.variables]
    files = {f"{draft.name}/{MANIFEST}": toml.dumps(manifest)}
    for locale, source in draft.sources.items():
        folder_path = draft.name if locale == draft.fallback else f"{draft.name}/{locale}"
        for name, part in _FILES.items():
            text = getattr(source, part)
            if text:
                files[f"{folder_path}/{name}"] = f"{text}\n" if part == "subject" else text
    return files


def part_file(kind: str, name: str) -> str:
    """Where a part stands in the tree."""
    return f"{FOLDERS[kind]}/{name}"


def _draft(top: str, tree: dict[str, str], errors: list[FieldError]) -> TemplateDraft | None:
    """The template in a folder; None where its manifest cannot be read."""
    manifest = _manifest(top, tree.pop(MANIFEST, None))
    if isinstance(manifest, FieldError):
        errors.append(manifest)
        return None
    parts_by_locale: dict[str, dict[str, str]] = {}
    for path, text in tree.items():
        folder_path, _, name = path.rpartition("/")
        if name not in _FILES or "/" in folder_path:
            errors.append(FieldError(f"{top}/{path}", f"is not known here; there are {MANIFEST}, {', '.join(_FILES)}"))
        else:
            parts_by_locale.setdefault(folder_path or manifest.locale, {})[_FILES[name]] = text
    sources = {locale: source_of(**parts) for locale, parts in parts_by_locale.items()}
    draft = TemplateDraft(
        name=manifest.name or manifest.template or top,
        type=manifest.type,
        variables=manifest.variables,
        sources=sources,
        fallback=manifest.locale,
        waivers=manifest.waivers,
        sender=manifest.sender.strip(),
    )
    draft_faults = faults(draft)
    errors += (FieldError(f"{top}/{_file_of(fault.path)}", _message_of(fault)) for fault in draft_faults)
    return None if draft_faults else draft


def _manifest(top: str, text: str | None) -> _Manifest | FieldError:
    folder_path = f"{top}/{MANIFEST}"
    if text is None:
        return FieldError(folder_path, "is missing")
    try:
        return msgspec.convert(_plain(tomllib.loads(text)), _Manifest)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, RecursionError) as fault:
        return FieldError(folder_path, str(fault))


def _plain(value: Any) -> Any:
    """TOML's values as JSON has them. Errors: msgspec.ValidationError."""
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not isfinite(value):
        raise msgspec.ValidationError("inf and nan are no values of a variable")
    if isinstance(value, date | datetime):
        return value.isoformat()
    return value


def _file_of(path: str) -> str:
    """The file that a fault of a draft is in."""
    inner = path.split(".")
    folder_path = f"{inner[1]}/" if inner[0] == "locales" and len(inner) > 1 else ""
    known = {part: name for name, part in _FILES.items()}
    return folder_path + known[inner[-1]] if inner[-1] in known else MANIFEST


def _message_of(fault: FieldError) -> str:
    inner = fault.path.split(".")
    return fault.message if inner[-1] in _FILES.values() else f"{fault.path} {fault.message}"


def changed_lines(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[str]:
    """A unified diff of two trees."""
    import difflib  # noqa: PLC0415 - loaded by one command only

    for path in sorted({*before, *after}):
        old, new = before.get(path), after.get(path)
        if old != new:
            yield from difflib.unified_diff(
                (old or "").splitlines(),
                (new or "").splitlines(),
                f"stored/{path}" if old is not None else "/dev/null",
                f"folder/{path}" if new is not None else "/dev/null",
                lineterm="",
            )

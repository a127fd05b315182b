"""A folder of templates on this machine's disk as paths and texts, and back; only text of a sane size is read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from posthouse.templates.folder import KINDS, MANIFEST

MOST_BYTES: Final = 1 << 20
MOST_FILES: Final = 5000
_SOURCES: Final = frozenset({"subject.txt", "body.html", "body.mjml", "body.txt"})
FOLDER: Final = click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
NEW_FOLDER: Final = click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))


def read_tree(folder: Path) -> dict[str, str]:
    """The files of a tree of templates, or of one template's folder with the layouts and partials beside it.

    Errors: click.UsageError for what is no text, too large, or too much, or a link out of it.
    """
    if not (folder / MANIFEST).is_file():
        return dict(_files(folder, ""))
    files = dict(_files(folder, f"{folder.resolve().name}/"))
    for kind in KINDS:
        if (shared := folder.resolve().parent / kind).is_dir():
            files |= _files(shared, f"{kind}/")
    return files


def write_tree(folder: Path, files: dict[str, str]) -> list[str]:
    """Write what differs; the paths that were written."""
    written = []
    for path, text in sorted(files.items()):
        file = folder / path
        if not file.is_file() or file.read_bytes() != text.encode():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text.encode())
            written.append(path)
    return written


def remove_stale(folder: Path, files: dict[str, str]) -> list[str]:
    """Remove files that a template in ``files`` no longer has, such as those of a language that was dropped; nothing else is
    touched.
    """
    removed = []
    for name in {path.partition("/")[0] for path in files if not path.startswith(tuple(f"{kind}/" for kind in KINDS))}:
        for file in sorted((folder / name).rglob("*")):
            path = file.relative_to(folder).as_posix()
            if file.name in _SOURCES and path not in files and path.count("/") < 3:
                file.unlink()
                removed.append(path)
    return removed


def _files(folder: Path, prefix: str) -> Iterator[tuple[str, str]]:
    files = sorted(file for file in folder.rglob("*") if file.is_file() and not _is_hidden(file.relative_to(folder)))
    tree = folder.resolve()
    if len(files) > MOST_FILES:
        raise click.UsageError(f"{folder} has more than {MOST_FILES} files; it should hold templates only.")
    for file in files:
        path = prefix + file.relative_to(folder).as_posix()
        # Whoever writes a template may not read the rest of the disk.
        if not file.resolve().is_relative_to(tree):
            raise click.UsageError(f"{path} is a link out of {folder}; only what stands in the folder is pushed.")
        if file.stat().st_size > MOST_BYTES:
            raise click.UsageError(f"{path} has more than {MOST_BYTES >> 20} MB.")
        try:
            yield path, file.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise click.UsageError(f"{path} is no text in UTF-8.") from None


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)

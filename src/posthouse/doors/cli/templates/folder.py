"""A folder of templates on this machine's disk as paths and texts, and back; nothing is read but text of a sane size."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from posthouse.templates.folder import KINDS, MANIFEST

MOST_BYTES: Final = 1 << 20
MOST_FILES: Final = 5000
FOLDER: Final = click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
NEW_FOLDER: Final = click.argument("folder", metavar="DIR", type=click.Path(file_okay=False, path_type=Path))


def read_tree(folder: Path) -> dict[str, str]:
    """The files of a tree of templates, or of one template's folder with the layouts and partials beside it.

    Errors: click.UsageError for what is no text, too large, or too much, or a link out of it: who writes a template may not read the disk.
    """
    if not (folder / MANIFEST).is_file():
        return dict(_files(folder, ""))
    found = dict(_files(folder, f"{folder.resolve().name}/"))
    for beside in KINDS:
        if (shared := folder.resolve().parent / beside).is_dir():
            found |= _files(shared, f"{beside}/")
    return found


def write_tree(folder: Path, files: dict[str, str]) -> list[str]:
    """Write what differs; the paths that were written."""
    written = []
    for path, said in sorted(files.items()):
        place = folder / path
        if not place.is_file() or place.read_bytes() != said.encode():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(said.encode())
            written.append(path)
    return written


def remove_stale(folder: Path, files: dict[str, str]) -> list[str]:
    """Take away words that a template in ``files`` has no more, as a language that was dropped; nothing else is touched."""
    gone = []
    words = {"subject.txt", "body.html", "body.mjml", "body.txt"}
    for name in {path.partition("/")[0] for path in files if not path.startswith(tuple(f"{kind}/" for kind in KINDS))}:
        for place in sorted((folder / name).rglob("*")):
            path = place.relative_to(folder).as_posix()
            if place.name in words and path not in files and path.count("/") < 3:
                place.unlink()
                gone.append(path)
    return gone


def _files(folder: Path, before: str) -> Iterator[tuple[str, str]]:
    places = sorted(place for place in folder.rglob("*") if place.is_file() and not _is_hidden(place.relative_to(folder)))
    tree = folder.resolve()
    if len(places) > MOST_FILES:
        raise click.UsageError(f"{folder} has more than {MOST_FILES} files; it should hold templates only.")
    for place in places:
        path = before + place.relative_to(folder).as_posix()
        if not place.resolve().is_relative_to(tree):
            raise click.UsageError(f"{path} is a link out of {folder}; only what stands in the folder is pushed.")
        if place.stat().st_size > MOST_BYTES:
            raise click.UsageError(f"{path} has more than {MOST_BYTES >> 20} MB.")
        try:
            yield path, place.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError:
            raise click.UsageError(f"{path} is no text in UTF-8.") from None


def _is_hidden(path: Path) -> bool:
    return any(piece.startswith(".") for piece in path.parts)

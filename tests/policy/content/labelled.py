"""Labelled mails: what they say, what they are declared as, and what a careful reader takes them for."""

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec

from posthouse.templates.html.text import text_of

HERE = Path(__file__).parent


class Labelled(msgspec.Struct, frozen=True):
    """A mail. ``label``: transactional, mixed_allowed or commercial; ``text``: what is visible."""

    id: str
    language: str
    type: str
    label: str
    subject: str
    text: str


def development() -> list[Labelled]:
    """Those the rules were made with."""
    found = []
    for number, block in enumerate((HERE / "development.txt").read_text(encoding="utf-8").split("== ")[1:], 1):
        head, subject, text = block.split("\n", 2)
        label, language, declared = head.split()
        found.append(Labelled(f"d{number:03}", language, declared, label, subject, text.strip()))
    return found


def earlier() -> list[Labelled]:
    """Those that strangers to the rules wrote and that the rules were measured with once, and then mended by."""
    return list(_read(HERE / "earlier.jsonl"))


def held_out() -> list[Labelled]:
    """Those written by somebody who had not seen the rules; measured once, then one of them mended a rule (what is quoted). Empty
    where the file is not here.
    """
    path = HERE / "held_out.jsonl"
    return list(_read(path)) if path.exists() else []


def _read(path: Path) -> Iterator[Labelled]:
    for line in path.read_text(encoding="utf-8").splitlines():
        said = json.loads(line)
        text = text_of(said["html"]) if said.get("html") else said.get("text") or ""
        yield Labelled(said["id"], said["language"], said["type"], said["label"], said["subject"], text)

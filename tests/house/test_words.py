"""The words that people read, in documents and on screens, are those of the field; a newcomer needs no glossary for them.

Read are documents, the texts of commands, pages, alerts and errors, and the help of commands. Names in the API, metrics and logs
are part of the contract and stay as they are; so text in back-ticks is not looked at.
"""

import ast
import re
from typing import Final

import pytest

from tests.house.tree import ROOT, document, dotted, places, product, texts
from tools.glossary import HEADING
from tools.source import Function, Module
from tools.width import docstrings

# What only people who know this project would understand, and what to say instead.
DIALECT: Final = {
    r"told(?! not to)|telling|tells? (?:of|again)": "notified, reported, sent",
    r"letters? (?!of its local|and digits)": "message, mail, reply",
    r"hand(?:s|ed|ing)? on": "forward",
    r"g(?:ive|ives|ave|iving|iven) back": "release, roll back",
    r"t(?:ake|akes|ook|aking|aken) back|back taken": "undo, roll back, reclaim",
    r"ways? out": "route, unsubscribe link",
    r"ways? in\b(?! which)": "interface",
    r"(?<!^\| )doors?": "listener, interface",
    r"mend(?:s|ed|ing)?": "fix",
    r"sealed|seals?": "encrypted",
}
DOCUMENTS: Final = sorted(place for place in texts() if re.fullmatch(r"(?:CHANGELOG|README|SECURITY|docs/[\w-]+)\.md", place))
PAGES: Final = sorted(place for place in texts() if re.fullmatch(r"src/posthouse/doors/.*\.html", place))
# Rooms whose texts reach people, and those where only some folders do.
SPEAKING: Final = (
    "src/posthouse/admin/",
    "src/posthouse/config/",
    "src/posthouse/doors/",
    "src/posthouse/ops/",
    "src/posthouse/policy/",
)


def odd(place: str, lines: list[str]) -> list[str]:
    """The lines with a word that only insiders know."""
    return [
        f"{place} {line.strip()[:100]} … say {better}"
        for line in (re.sub(r"`[^`\n]*`", "", each) for each in lines)
        for pattern, better in DIALECT.items()
        if re.search(rf"\b(?:{pattern})\b", line, re.IGNORECASE)
    ]


def of_document(place: str) -> list[str]:
    """The prose of a document, without code and generated tables; a page's without its tags."""
    prose = re.sub(
        r"^```.*?^```|<style.*?</style>|\{[%#{].*?[}%#]\}|<[^>]*>", "", document(place), flags=re.MULTILINE | re.DOTALL
    )
    return odd(place, prose.partition(f"\n{HEADING}\n")[0].splitlines())


def of_module(module: Module) -> list[str]:
    """Sentences in a module's strings, and the help of its commands."""
    prose = {id(each) for each in docstrings(module.tree)}
    constants = [node for node in ast.walk(module.tree) if isinstance(node, ast.Constant) and id(node) not in prose]
    strings = [node.value for node in constants if isinstance(node.value, str)]
    sentences = [text for text in strings if len(text.split()) > 2]
    commands = [node for node in module.functions if any(is_command(each) for each in node.decorator_list)]
    return odd(module.place, sentences + [line for node in commands for line in (ast.get_docstring(node) or "").splitlines()])


def is_command(decorator: ast.expr) -> bool:
    name = dotted(decorator.func) if isinstance(decorator, ast.Call) else dotted(decorator)
    return name.endswith((".command", ".group"))


def speaking() -> list[Module]:
    return [module for module in product() if module.place.startswith(SPEAKING)]


@pytest.mark.parametrize("place", [*DOCUMENTS, *PAGES])
def test_documents_and_pages_use_the_words_of_the_field(place: str) -> None:
    lines = of_document(place)
    assert not lines, places(lines)


def test_texts_of_commands_errors_and_alerts_use_the_words_of_the_field() -> None:
    lines = [line for module in speaking() for line in of_module(module)]
    assert not lines, places(lines)


def test_nothing_is_looked_for_in_vain() -> None:
    assert DOCUMENTS
    assert PAGES
    assert (ROOT / SPEAKING[0]).exists()
    assert any(
        isinstance(node, Function) and any(map(is_command, node.decorator_list))
        for module in speaking()
        for node in module.functions
    )

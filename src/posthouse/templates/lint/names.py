"""Which variables a wording uses, where and how: its tags read with the words of ``dialect``, with loops and paths (C2).

``{% for item in order.items %}{{ item.price|money }}`` uses ``order.items[].price``. What is declared is followed through ``properties``
and ``items``; an object that declares no properties may have any, and so may what comes out of a filter.

Known sharp edges: a name that two loops use is the inner one's, as it is for the engine; what a loop over a filtered list yields is
known for the filters that keep the items.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from posthouse.model.lint_finding import Part
from posthouse.model.template import Variable, VariableType
from posthouse.templates.language.grammar import tokenize

_WORDS: Final = frozenset(
    {
        "and",
        "or",
        "not",
        "in",
        "is",
        "if",
        "elif",
        "else",
        "endif",
        "for",
        "endfor",
        "true",
        "false",
        "none",
        "True",
        "False",
        "None",
    }
)
_KEEPS: Final = frozenset({"default", "d"})
_MONEY: Final = frozenset({"amount", "currency"})
_ITEM: Final = "[]"
_LOOP: Final = "loop"
_OPAQUE: Final = Variable(type=VariableType.OBJECT)


class Use(msgspec.Struct, frozen=True):
    """A variable in a tag. ``path``: ``order.items[].price``; ``known``: None where it is not declared.

    ``printed``: between ``{{`` and ``}}``, not only asked for in a branch.
    """

    part: Part
    path: str
    known: Variable | None
    start: int
    end: int
    printed: bool

    @property
    def root(self) -> str:
        """The variable that the path begins with."""
        return self.path.partition(".")[0].partition(_ITEM)[0]

    @property
    def name(self) -> str:
        """The last name of the path."""
        return self.path.removesuffix(_ITEM).rpartition(".")[2].replace(_ITEM, "")


class _Value(msgspec.Struct, frozen=True):
    """What a name stands for: its path, and its declaration, None for what is not declared."""

    path: str
    known: Variable | None


def uses(part: Part, page: str, declared: Sequence[Variable]) -> Iterator[Use]:
    """Every variable in every tag of a part, in their order. Errors: dialect.Unspeakable."""
    scopes: list[dict[str, _Value]] = [{variable.name: _Value(variable.name, variable) for variable in declared}]
    for start, end, tag in tokenize(page):
        if tag is None or not tag.tokens:
            continue
        word = tag.tokens[0][1] if tag.opening == "{%" else ""
        tokens: Sequence[tuple[str, str]] = tag.tokens
        loop: dict[str, _Value] = {}
        if word == "for":
            names, tokens = _loop(tokens)
            loop = _yielded(names, tokens, scopes[-1])
        for value in _values(tokens, scopes[-1] if word != "for" else scopes[-1] | loop):
            yield Use(part, value.path, value.known, start, end, tag.opening == "{{")
        if word == "for":
            scopes.append(scopes[-1] | loop | {_LOOP: _Value(_LOOP, _OPAQUE)})
        elif word == "endfor" and len(scopes) > 1:
            scopes.pop()


def _loop(tokens: Sequence[tuple[str, str]]) -> tuple[list[str], Sequence[tuple[str, str]]]:
    """The names a loop gives, and what it goes over."""
    for place, (_, text) in enumerate(tokens):
        if text == "in":
            return [name for kind, name in tokens[1:place] if kind == "name"], tokens[place + 1 :]
    return [], tokens[1:]


def _yielded(names: list[str], tokens: Sequence[tuple[str, str]], scope: dict[str, _Value]) -> dict[str, _Value]:
    """What the names of a loop stand for in it."""
    over = next(_values(tokens, scope), None)
    filters = {text for place, (_, text) in enumerate(tokens) if place and tokens[place - 1][1] == "|"}
    if len(names) != 1 or over is None or over.known is None or not filters <= _KEEPS:
        path = f"{over.path}{_ITEM}" if over is not None else _ITEM
        return {name: _Value(path, _OPAQUE) for name in names}
    known = over.known
    item = known.items or (Variable(type=VariableType.OBJECT, properties=known.properties) if known.properties else _OPAQUE)
    return {names[0]: _Value(f"{over.path}{_ITEM}", item)}


def _values(tokens: Sequence[tuple[str, str]], scope: dict[str, _Value]) -> Iterator[_Value]:
    """The variables that an expression reads, each with its whole path."""
    place = 0
    while place < len(tokens):
        kind, text = tokens[place]
        before = tokens[place - 1][1] if place else ""
        after = tokens[place + 1][1] if place + 1 < len(tokens) else ""
        place += 1
        if kind != "name" or text in _WORDS or before in {"|", "."} or _is_test(tokens, place - 1):
            continue
        if after == "=" and before in {"(", ","}:  # an argument by name
            continue
        value = scope.get(text, _Value(text, None))
        while (step := _step(tokens, place)) is not None:
            name, place = step
            value = _inside(value, name)
        yield value


def _is_test(tokens: Sequence[tuple[str, str]], place: int) -> bool:
    """True for the name of a test: after ``is`` or ``is not``."""
    words = [text for _, text in tokens[max(0, place - 2) : place]]
    return words[-1:] == ["is"] or words == ["is", "not"]


def _step(tokens: Sequence[tuple[str, str]], place: int) -> tuple[str, int] | None:
    """The next name of a path, and what stands after it: ``.name``, ``["name"]`` or ``[0]``, which is an item."""
    if place + 1 >= len(tokens):
        return None
    if tokens[place][1] == "." and tokens[place + 1][0] in {"name", "number"}:
        return tokens[place + 1][1] if tokens[place + 1][0] == "name" else _ITEM, place + 2
    if tokens[place][1] == "[" and place + 2 < len(tokens):
        kind, text = tokens[place + 1]
        return text[1:-1] if kind == "string" else _ITEM, place + 3
    return None


def _inside(value: _Value, name: str) -> _Value:
    """What is found in a value under a name."""
    path = f"{value.path}{_ITEM}" if name == _ITEM else f"{value.path}.{name}"
    known = value.known
    if known is None:
        return _Value(path, None)
    if name == _ITEM:
        return _Value(path, known.items or _OPAQUE)
    if known.type is VariableType.MONEY and name in _MONEY:
        return _Value(path, Variable(type=VariableType.STRING, name=name))
    if known.type is not VariableType.OBJECT:
        return _Value(path, None)
    found = next((each for each in known.properties if each.name == name), None)
    return _Value(path, found if known.properties else _OPAQUE)

"""Which variables a template uses, where and how, followed through loops and paths (C2).

``{% for item in order.items %}{{ item.price|money }}`` uses ``order.items[].price``. What is declared is followed through
``properties`` and ``items``; an object that declares no properties may have any, and so may what comes out of a filter.

Known sharp edges: a name that two loops use is the inner one's, as it is for the engine; what a loop over a filtered list yields
is known for the filters that keep the items.
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
_KEEP_ITEMS: Final = frozenset({"default", "d"})
_MONEY: Final = frozenset({"amount", "currency"})
_ITEM: Final = "[]"
_LOOP: Final = "loop"
_ANY_OBJECT: Final = Variable(type=VariableType.OBJECT)


class Use(msgspec.Struct, frozen=True):
    """A variable in a tag. ``path``: ``order.items[].price``; ``declaration``: None where it is not declared.

    ``printed``: between ``{{`` and ``}}``, not only tested in a branch.
    """

    part: Part
    path: str
    declaration: Variable | None
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
    """The value of a name: its path, and its declaration, None where it is not declared."""

    path: str
    declaration: Variable | None


def uses(part: Part, page: str, declared: Sequence[Variable]) -> Iterator[Use]:
    """Every variable in every tag of a part, in order. Errors: TemplateSyntaxError."""
    scopes: list[dict[str, _Value]] = [{variable.name: _Value(variable.name, variable) for variable in declared}]
    for start, end, tag in tokenize(page):
        if tag is None or not tag.tokens:
            continue
        keyword = tag.tokens[0][1] if tag.opening == "{%" else ""
        tokens: Sequence[tuple[str, str]] = tag.tokens
        loop: dict[str, _Value] = {}
        if keyword == "for":
            names, tokens = _loop_parts(tokens)
            loop = _loop_scope(names, tokens, scopes[-1])
        for value in _expression_values(tokens, scopes[-1] if keyword != "for" else scopes[-1] | loop):
            yield Use(part, value.path, value.declaration, start, end, tag.opening == "{{")
        if keyword == "for":
            scopes.append(scopes[-1] | loop | {_LOOP: _Value(_LOOP, _ANY_OBJECT)})
        elif keyword == "endfor" and len(scopes) > 1:
            scopes.pop()


def _loop_parts(tokens: Sequence[tuple[str, str]]) -> tuple[list[str], Sequence[tuple[str, str]]]:
    """The names that a loop defines, and the expression it iterates over."""
    for index, (_, text) in enumerate(tokens):
        if text == "in":
            return [name for kind, name in tokens[1:index] if kind == "name"], tokens[index + 1 :]
    return [], tokens[1:]


def _loop_scope(names: list[str], tokens: Sequence[tuple[str, str]], scope: dict[str, _Value]) -> dict[str, _Value]:
    """The values of a loop's names inside it."""
    iterated = next(_expression_values(tokens, scope), None)
    filters = {text for index, (_, text) in enumerate(tokens) if index and tokens[index - 1][1] == "|"}
    if len(names) != 1 or iterated is None or iterated.declaration is None or not filters <= _KEEP_ITEMS:
        path = f"{iterated.path}{_ITEM}" if iterated is not None else _ITEM
        return {name: _Value(path, _ANY_OBJECT) for name in names}
    declaration = iterated.declaration
    item = declaration.items or (
        Variable(type=VariableType.OBJECT, properties=declaration.properties) if declaration.properties else _ANY_OBJECT
    )
    return {names[0]: _Value(f"{iterated.path}{_ITEM}", item)}


def _expression_values(tokens: Sequence[tuple[str, str]], scope: dict[str, _Value]) -> Iterator[_Value]:
    """The variables that an expression reads, each with its whole path."""
    index = 0
    while index < len(tokens):
        kind, text = tokens[index]
        previous = tokens[index - 1][1] if index else ""
        following = tokens[index + 1][1] if index + 1 < len(tokens) else ""
        index += 1
        if kind != "name" or text in _WORDS or previous in {"|", "."} or _is_test(tokens, index - 1):
            continue
        if following == "=" and previous in {"(", ","}:  # an argument by name
            continue
        value = scope.get(text, _Value(text, None))
        while (step := _next_name(tokens, index)) is not None:
            name, index = step
            value = _member(value, name)
        yield value


def _is_test(tokens: Sequence[tuple[str, str]], index: int) -> bool:
    """True for the name of a test: after ``is`` or ``is not``."""
    words = [text for _, text in tokens[max(0, index - 2) : index]]
    return words[-1:] == ["is"] or words == ["is", "not"]


def _next_name(tokens: Sequence[tuple[str, str]], index: int) -> tuple[str, int] | None:
    """The next name of a path, and what stands after it: ``.name``, ``["name"]`` or ``[0]``, which is an item."""
    if index + 1 >= len(tokens):
        return None
    if tokens[index][1] == "." and tokens[index + 1][0] in {"name", "number"}:
        return tokens[index + 1][1] if tokens[index + 1][0] == "name" else _ITEM, index + 2
    if tokens[index][1] == "[" and index + 2 < len(tokens):
        kind, text = tokens[index + 1]
        return text[1:-1] if kind == "string" else _ITEM, index + 3
    return None


def _member(value: _Value, name: str) -> _Value:
    """The member of a value that has a name, or its item."""
    path = f"{value.path}{_ITEM}" if name == _ITEM else f"{value.path}.{name}"
    declaration = value.declaration
    if declaration is None:
        return _Value(path, None)
    if name == _ITEM:
        return _Value(path, declaration.items or _ANY_OBJECT)
    if declaration.type is VariableType.MONEY and name in _MONEY:
        return _Value(path, Variable(type=VariableType.STRING, name=name))
    if declaration.type is not VariableType.OBJECT:
        return _Value(path, None)
    member = next((each for each in declaration.properties if each.name == name), None)
    return _Value(path, member if declaration.properties else _ANY_OBJECT)

"""The language of templates: what a page may contain, and why rendering it is bounded (C6).

Templates are written in a part of Jinja: ``{{ name }}``, ``{{ order.total|default("-") }}``, ``{% if %}``, ``{% for %}`` and
comments. The engine counts steps but not bytes, and the full language can double a string in one step. So a page is checked
before the engine sees it, and only what cannot grow is allowed: no operator or literal that makes a value bigger (``~ + * []
{}``), nothing that stores a result (``set``, ``macro``, ``block``), no other files (``include``; ``includes`` puts layouts and
partials in before), no calls but the filters listed here, which are metered. The rest prints only pieces of the page and the
variables, so a page's cost is steps times its largest repeated piece; ``fuel`` sets the steps accordingly.

Known sharp edges: the tokenizer must see tags where the engine sees them. Both take the leftmost of ``{{``, ``{%`` and
``{#``; a comment ends at the first ``#}``; a string ends at the first quote of its kind that no backslash precedes; anything
else is refused, so a difference can only refuse too much. There is no ``raw``: ``{{ "{{" }}`` prints the same.
Words in a tag and open blocks are counted because the engine (minijinja 3.0) recurses over them without a limit of its own:
10,000 ``elif``, or as many ``and``, end the whole process.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

MOST_CHARACTERS: Final = 256 * 1024
MOST_STEPS: Final = 100_000
MOST_WORDS: Final = 200
MOST_NESTED: Final = 50
REPEATED_BYTES: Final = 32 << 20
MOST_OUTPUT: Final = 2 << 20

FILTERS: Final = frozenset(
    {
        "abs", "capitalize", "count", "d", "date", "datetime", "default", "first", "float", "int", "items", "join", "last", "length",
        "lines", "lower", "money", "number", "plural", "replace", "round", "time", "title", "trim", "truncate", "upper", "urlencode",
    }
)  # fmt: skip
_STATEMENTS: Final = frozenset({"if", "elif", "else", "endif", "for", "endfor"})
_OPENERS: Final = frozenset({"if", "elif", "for"})
_CLOSERS: Final = {"endif": "if", "endfor": "for"}
_WORDS: Final = frozenset({"and", "or", "not", "in", "is", "if", "elif", "else", "for"})
_OPENING: Final = re.compile(r"\{[{%#]")
_COMMENT_END: Final = "#}"
_TOKEN: Final = re.compile(
    r"""\s*(?:(?P<close>[-+]?[%}]\})|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<number>\d+(?:\.\d+)?)
    |(?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')|(?P<mark>==|!=|<=|>=|[.,()|<>=\[\]]))""",
    re.DOTALL | re.VERBOSE,
)


class TemplateSyntaxError(Exception):
    """A page contains what a template may not contain; one sentence, with its line."""


class PageBounds(msgspec.Struct, frozen=True):
    """A page that may be compiled. ``fuel``: how many steps it may take."""

    fuel: int


class Tag(msgspec.Struct, frozen=True):
    """A tag as tokens: (kind, text). ``opening``: ``{{`` or ``{%``; ``end``: the place after it."""

    opening: str
    tokens: list[tuple[str, str]]
    end: int


def check_page(page: str) -> PageBounds:
    """The page's bounds. Errors: TemplateSyntaxError."""
    if len(page) > MOST_CHARACTERS:
        raise TemplateSyntaxError(f"line 1: it has {len(page)} characters; {MOST_CHARACTERS} are allowed")
    position, largest = 0, 0
    blocks: list[str] = []
    for start, end, tag in tokenize(page):
        if "for" in blocks:
            largest = max(largest, start - position)
        position = end
        if tag is not None:
            _check_tag(tag, page, start)
            _track_blocks(blocks, tag, page, start)
    return PageBounds(min(MOST_STEPS, REPEATED_BYTES // max(1, largest)))


def _track_blocks(blocks: list[str], tag: Tag, page: str, start: int) -> None:
    """Update the open blocks; an ``elif`` opens one more, as it does for the engine."""
    word = tag.tokens[0][1] if tag.opening == "{%" else ""
    if word in _OPENERS:
        blocks.append(word)
        if len(blocks) > MOST_NESTED:
            raise TemplateSyntaxError(f"line {line_of(page, start)}: more than {MOST_NESTED} of if, elif and for are open")
    elif word in _CLOSERS:
        while blocks and blocks.pop() != _CLOSERS[word]:
            pass


def tokenize(page: str) -> Iterator[tuple[int, int, Tag | None]]:
    """Where each tag begins and ends; None for a comment."""
    position = 0
    while (opening := _OPENING.search(page, position)) is not None:
        start = opening.start()
        if opening.group() == "{#":
            position = page.find(_COMMENT_END, start + 2) + 2
            if position < 2:
                raise TemplateSyntaxError(f"line {line_of(page, start)}: a comment has no end")
            yield start, position, None
        else:
            tag = _tag(page, start, opening.group())
            position = tag.end
            yield start, position, tag


def _tag(page: str, start: int, opening: str) -> Tag:
    tokens: list[tuple[str, str]] = []
    position = start + 2
    if page[position : position + 1] in {"-", "+"}:
        position += 1
    while (token := _TOKEN.match(page, position)) is not None:
        position = token.end()
        if token.lastgroup == "close":
            if token.group("close")[-2] != ("}" if opening == "{{" else "%"):
                break
            return Tag(opening, tokens, position)
        tokens.append((token.lastgroup or "", token.group().strip()))
        if len(tokens) > MOST_WORDS:
            raise TemplateSyntaxError(f"line {line_of(page, start)}: a tag may have {MOST_WORDS} words")
    excerpt = page[position : position + 12].partition("\n")[0]
    raise TemplateSyntaxError(f"line {line_of(page, position)}: '{excerpt}' is not understood in a template")


def _check_tag(tag: Tag, page: str, start: int) -> None:
    tokens = tag.tokens
    if not tokens:
        raise TemplateSyntaxError(f"line {line_of(page, start)}: an empty tag")
    if tag.opening == "{%" and tokens[0][1] not in _STATEMENTS:
        raise TemplateSyntaxError(f"line {line_of(page, start)}: '{tokens[0][1]}' is not allowed in a template")
    for position in range(len(tokens)):
        fault = _token_fault(tokens, position)
        if fault is not None:
            raise TemplateSyntaxError(f"line {line_of(page, start)}: {fault}")


def _token_fault(tokens: list[tuple[str, str]], position: int) -> str | None:
    """Why a token may not stand here: an unknown filter, a call, a list literal, a recursive loop."""
    text = tokens[position][1]
    kind, previous = tokens[position - 1] if position else ("", "")
    follows_value = (kind == "name" and previous not in _WORDS) or previous in {")", "]"}
    if text == "recursive":
        return "a loop may not be recursive"
    if previous == "|" and text not in FILTERS:
        return f"there is no filter '{text}'; there are {', '.join(sorted(FILTERS))}"
    if text == "(" and follows_value and not _is_applied(tokens, position - 1):
        return f"'{previous}' cannot be called"
    if text == "[" and not (follows_value and _is_subscript(tokens[position + 1 : position + 3])):
        return "a list cannot be made in a template"
    return None


def _is_applied(tokens: list[tuple[str, str]], position: int) -> bool:
    """True where the name there is a filter's or a test's."""
    words = [text for _, text in tokens[max(0, position - 2) : position]]
    return words[-1:] in (["|"], ["is"]) or words == ["is", "not"]


def _is_subscript(after: list[tuple[str, str]]) -> bool:
    return len(after) == 2 and after[0][0] in {"string", "number"} and after[1][1] == "]"


def line_of(page: str, position: int) -> int:
    """The line, from 1, on which a place is."""
    return page.count("\n", 0, position) + 1

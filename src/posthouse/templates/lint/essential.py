"""What keeps a version from becoming active: mail that would not be made, or that would shame its sender or harm its reader.

These six are the only errors, and they cannot be waived (C2, C4).
"""

import re
from collections.abc import Iterator, Mapping
from html import unescape
from typing import Any, Final

from posthouse.model.lint_finding import Part
from posthouse.model.template import RenderedTemplate
from posthouse.templates.html.state import URL_ATTRIBUTES
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.page import VALUE, Element
from posthouse.templates.lint.reading import LintReading
from posthouse.templates.lint.roles import CODE
from posthouse.templates.lint.rule import LintRule

_FAULT: Final = re.compile(r"\b(subject|html|text): (?:line (\d+): )?(.*)", re.DOTALL)
_UNDEFINED: Final = re.compile(r"`([^`]*)` is undefined")
_LEFT: Final = re.compile(r"\{\{|\{%|%\}|\{#")
_NOISE: Final = re.compile(
    r"[\x00-\x20\x7f]+"
)  # what browsers drop from an address before they look for its scheme (WHATWG URL 4.4)
_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]{0,30}):")
_SAFE: Final = frozenset({"http", "https", "mailto", "tel", "sms"})
_SAFE_IMAGE: Final = frozenset({"cid"})
_BREAK: Final = re.compile(r"[\r\n\x00\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_MOST_VALUES: Final = 20_000


def render_failed(reading: LintReading) -> Iterator[Hit]:
    """It does not render with its example values."""
    if isinstance(reading.rendered, RenderedTemplate):
        return
    undeclared = {use.path for use in reading.uses if use.known is None}
    for fault in reading.rendered:
        missing = _UNDEFINED.search(fault.message)
        if missing is not None and missing[1] in undeclared:
            continue  # told by variable-undeclared
        told = _FAULT.search(fault.message)
        if told is None:
            yield Hit("variables", f"{fault.path}: {fault.message}")
            continue
        part: Part = "subject" if told[1] == "subject" else "text" if told[1] == "text" else "html"
        yield Hit(part, told[3].rstrip(")"), _line_start(getattr(reading.wording, part), int(told[2] or 0)))


def variable_undeclared(reading: LintReading) -> Iterator[Hit]:
    """A variable is used that is not declared: its mails could not be checked at intake, and would fail at random."""
    seen = set()
    for use in reading.uses:
        if use.known is None and (use.part, use.path) not in seen:
            seen.add((use.part, use.path))
            other = next((known.name for known in reading.declared if use.root in known.also), None)
            hint = f"; here it is called '{other}'" if other else ""
            yield Hit(use.part, f"'{use.path}' is not declared{hint}", use.start, reading.printed(use))


def literal_tag(reading: LintReading) -> Iterator[Hit]:
    """A tag of the template is left in what readers get."""
    if not isinstance(reading.rendered, RenderedTemplate) or _holds(reading.values):
        return
    for part in reading.parts:
        made = unescape(getattr(reading.rendered, part) or "")
        found = _LEFT.search(made)
        if found is not None:
            said = made[found.start() : found.start() + 40].partition("\n")[0]
            yield Hit(part, f"'{said}' is left in what readers get", None, found.group())


def link_scheme(reading: LintReading) -> Iterator[Hit]:
    """A link or an image points at something that is neither the web nor mail, such as javascript: or data:."""
    for element in reading.page.elements:
        for name, attribute in element.attributes.items():
            scheme = _SCHEME.match(_NOISE.sub("", attribute.value)) if name in URL_ATTRIBUTES else None
            if scheme is not None and not _is_safe(scheme[1].lower(), element, attribute.value):
                yield Hit(
                    "html", f"<{element.name} {name}> points at '{scheme[1].lower()}:'", attribute.start, attribute.value[:60]
                )


def header_break(reading: LintReading) -> Iterator[Hit]:
    """The subject is more than one line: what follows would be another header field (RFC 5322 2.2)."""
    subjects = [reading.wording.subject] + ([reading.source.subject] if reading.source is not None else [])
    for subject in subjects:
        found = _BREAK.search(subject.strip(" \n\r"))
        if found is not None:
            yield Hit("subject", "the subject breaks its line", subject.find(found.group()), found.group())
            return


def code_only_in_image(reading: LintReading) -> Iterator[Hit]:
    """The code stands in an image and nowhere as text: blocked images, text-only clients and screen readers lose it."""
    pictured = [
        (use, owner)
        for use in reading.uses
        if use.part == "html" and use.printed and reading.of(use, CODE)
        if (owner := reading.page.owner(use.start)) is not None and _shows(owner)
    ]
    if pictured and not reading.shown(CODE, "html"):
        use, owner = pictured[0]
        yield Hit("html", "the code is in an image and nowhere as text", use.start, reading.printed(use))
        return
    if reading.message_type == "two_factor_code" and not reading.shown(CODE, "html", "text"):
        image = next((image for image in reading.page.named("img") if VALUE in image.said("src")), None)
        if image is not None:
            yield Hit("html", "the code is in an image and nowhere as text", image.start)


def _shows(owner: tuple[Element, str]) -> bool:
    element, attribute = owner
    return element.name == "img" or attribute in {"src", "background", "style"}


def _is_safe(scheme: str, element: Element, value: str) -> bool:
    if element.name == "img" and (scheme in _SAFE_IMAGE or value.strip().lower().startswith("data:image/")):
        return True
    return scheme in _SAFE


def _line_start(text: str, line: int) -> int | None:
    if line <= 0:
        return None
    place = 0
    for _ in range(line - 1):
        place = text.find("\n", place) + 1
    return place


def _holds(values: Mapping[str, Any]) -> bool:
    """True where an example has a tag in it itself; then what is left may be the example's."""
    rest: list[Any] = [values]
    for _ in range(_MOST_VALUES):
        if not rest:
            return False
        value = rest.pop()
        if isinstance(value, str) and _LEFT.search(value):
            return True
        rest += value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    return False


RULES: Final = (
    LintRule(
        "render-failed", "It does not render with its example values.",
        "Correct the template, or the examples and defaults of its variables.", render_failed, severity="error",
    ),
    LintRule(
        "variable-undeclared", "A variable is used that is not declared.",
        "Declare it in the template's variables, with its type, or correct the name.", variable_undeclared, severity="error",
    ),
    LintRule(
        "literal-tag", "`{{`, `{%` or `{#` is left in what readers get.",
        "Complete the tag, or take it out of what is printed.", literal_tag, severity="error",
    ),
    LintRule(
        "link-scheme", "A link or image points at a scheme other than http, https, mailto, tel or sms.",
        "Link to https://; attach images and point to them by cid:.", link_scheme, severity="error",
    ),
    LintRule(
        "header-break", "The subject has a line break or control character in it.",
        "Write the subject as one line.", header_break, severity="error",
    ),
    LintRule(
        "code-only-in-image", "The code stands in an image and nowhere as text.",
        "Print the code as text, in the HTML and in the plain text.", code_only_in_image, severity="error",
    ),
)  # fmt: skip

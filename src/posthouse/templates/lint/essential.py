"""The errors that keep a version from becoming active: mail that cannot be rendered, looks broken or harms its reader.

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
_TAG_MARK: Final = re.compile(r"\{\{|\{%|%\}|\{#")
_NOISE: Final = re.compile(
    r"[\x00-\x20\x7f]+"
)  # what browsers drop from an address before they look for its scheme (WHATWG URL 4.4)
_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]{0,30}):")
_SAFE_SCHEMES: Final = frozenset({"http", "https", "mailto", "tel", "sms"})
_SAFE_IMAGE_SCHEMES: Final = frozenset({"cid"})
_BREAK: Final = re.compile(r"[\r\n\x00\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_MOST_VALUES: Final = 20_000


def render_failed(reading: LintReading) -> Iterator[Hit]:
    """It does not render with its example values."""
    if isinstance(reading.rendered, RenderedTemplate):
        return
    undeclared = {use.path for use in reading.uses if use.declaration is None}
    for fault in reading.rendered:
        missing = _UNDEFINED.search(fault.message)
        if missing is not None and missing[1] in undeclared:
            continue  # variable-undeclared reports it
        location = _FAULT.search(fault.message)
        if location is None:
            yield Hit("variables", f"{fault.path}: {fault.message}")
            continue
        part: Part = "subject" if location[1] == "subject" else "text" if location[1] == "text" else "html"
        yield Hit(part, location[3].rstrip(")"), _line_start(getattr(reading.template, part), int(location[2] or 0)))


def variable_undeclared(reading: LintReading) -> Iterator[Hit]:
    """A variable is used that is not declared: its mails could not be checked at intake, and would fail at random."""
    reported = set()
    for use in reading.uses:
        if use.declaration is None and (use.part, use.path) not in reported:
            reported.add((use.part, use.path))
            other = next((known.name for known in reading.declared if use.root in known.also), None)
            hint = f"; here it is called '{other}'" if other else ""
            yield Hit(use.part, f"'{use.path}' is not declared{hint}", use.start, reading.tag_of(use))


def literal_tag(reading: LintReading) -> Iterator[Hit]:
    """A tag of the template is left in what readers get."""
    if not isinstance(reading.rendered, RenderedTemplate) or _contain_tags(reading.values):
        return
    for part in reading.parts:
        output = unescape(getattr(reading.rendered, part) or "")
        match = _TAG_MARK.search(output)
        if match is not None:
            excerpt = output[match.start() : match.start() + 40].partition("\n")[0]
            yield Hit(part, f"'{excerpt}' is left in what readers get", None, match.group())


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
    subjects = [reading.template.subject] + ([reading.source.subject] if reading.source is not None else [])
    for subject in subjects:
        match = _BREAK.search(subject.strip(" \n\r"))
        if match is not None:
            yield Hit("subject", "the subject breaks its line", subject.find(match.group()), match.group())
            return


def code_only_in_image(reading: LintReading) -> Iterator[Hit]:
    """The code stands in an image and nowhere as text: blocked images, text-only clients and screen readers lose it."""
    in_images = [
        (use, owner)
        for use in reading.uses
        if use.part == "html" and use.printed and reading.is_for(use, CODE)
        if (owner := reading.page.element_at(use.start)) is not None and _is_image(owner)
    ]
    if in_images and not reading.readable_uses(CODE, "html"):
        use, owner = in_images[0]
        yield Hit("html", "the code is in an image and nowhere as text", use.start, reading.tag_of(use))
        return
    if reading.message_type == "two_factor_code" and not reading.readable_uses(CODE, "html", "text"):
        image = next((image for image in reading.page.elements_named("img") if VALUE in image.value_of("src")), None)
        if image is not None:
            yield Hit("html", "the code is in an image and nowhere as text", image.start)


def _is_image(owner: tuple[Element, str]) -> bool:
    element, attribute = owner
    return element.name == "img" or attribute in {"src", "background", "style"}


def _is_safe(scheme: str, element: Element, value: str) -> bool:
    if element.name == "img" and (scheme in _SAFE_IMAGE_SCHEMES or value.strip().lower().startswith("data:image/")):
        return True
    return scheme in _SAFE_SCHEMES


def _line_start(text: str, line: int) -> int | None:
    if line <= 0:
        return None
    index = 0
    for _ in range(line - 1):
        index = text.find("\n", index) + 1
    return index


def _contain_tags(values: Mapping[str, Any]) -> bool:
    """Whether an example itself contains a tag; then a tag in the output may be the example's."""
    remaining: list[Any] = [values]
    for _ in range(_MOST_VALUES):
        if not remaining:
            return False
        value = remaining.pop()
        if isinstance(value, str) and _TAG_MARK.search(value):
            return True
        remaining += value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
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

"""A version in one language as lint reads it: the compiled template, its rendering with example values, its variables, its page.

It is rendered twice: with a value for every variable, and with the required ones only, because that is what a reader gets when a
caller leaves out the rest.

Known sharp edges: rendering is bounded by the engine alone, so what a tenant wrote is linted in a confined child.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice
from typing import Any, Final

from posthouse.model.lint_finding import Part
from posthouse.model.send_request import FieldError
from posthouse.model.template import CompiledTemplate, RenderedTemplate, TemplateSource, TemplateVersion, Variable
from posthouse.templates.examples import examples
from posthouse.templates.html.text import text_of
from posthouse.templates.language.grammar import TemplateSyntaxError
from posthouse.templates.lint.names import Use, uses
from posthouse.templates.lint.page import EMPTY, Element, LintPage, masked, page_of
from posthouse.templates.lint.roles import has_role
from posthouse.templates.lint.words import Words, languages_of
from posthouse.templates.render import render

MOST_USES: Final = 5_000
PARTS: Final[tuple[Part, ...]] = ("subject", "html", "text")


class LintReading:
    """One language. ``source``: what its author wrote, None where that is not known; then the compiled template counts as the
    source.
    """

    def __init__(self, version: TemplateVersion, locale: str, source: TemplateSource | None, message_type: str | None) -> None:
        self.version = version
        self.locale = locale
        self.message_type = message_type or ""
        self.template: CompiledTemplate = version.compiled_templates[locale]
        self.source = source
        self.languages = languages_of(locale)
        self.values: Mapping[str, Any] = examples(version.variables)

    @cached_property
    def rendered(self) -> RenderedTemplate | tuple[FieldError, ...]:
        """With a value for every variable."""
        return render(self.version, self.values, self.locale)

    @cached_property
    def rendered_sparse(self) -> RenderedTemplate | tuple[FieldError, ...]:
        """With the variables that are required, and no others."""
        required = {variable.name for variable in self.version.variables if variable.required}
        return render(self.version, {name: self.values[name] for name in required}, self.locale)

    @cached_property
    def page(self) -> LintPage:
        """The HTML; empty where there is none, or its tags cannot be read."""
        try:
            return page_of(self.template.html) if self.template.html else EMPTY
        except TemplateSyntaxError:
            return EMPTY

    @cached_property
    def uses(self) -> tuple[Use, ...]:
        """Every use of a variable in what an author wrote, of each part the first 5,000."""
        return tuple(use for part in self.parts for use in islice(self._uses_in(part), MOST_USES))

    @property
    def declared(self) -> tuple[Variable, ...]:
        """The variables of the version."""
        return self.version.variables

    @property
    def subject(self) -> str:
        """The subject with its values, or with marks for them where it does not render."""
        return self.rendered.subject if isinstance(self.rendered, RenderedTemplate) else self.masked("subject")

    @property
    def html(self) -> str:
        """The HTML with its values; '' where there is none."""
        return (self.rendered.html or "") if isinstance(self.rendered, RenderedTemplate) else ""

    @property
    def text(self) -> str:
        """The text with its values, or with marks for them where it does not render."""
        return self.rendered.text if isinstance(self.rendered, RenderedTemplate) else self.masked("text")

    @cached_property
    def visible_text(self) -> str:
        """The visible text of the HTML."""
        return text_of(self.html) if self.html else self.page.visible_text()

    @property
    def has_own_text(self) -> bool:
        """True where an author wrote the text part; otherwise it is made from the HTML."""
        return bool((self.source if self.source is not None else self.template).text)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts with content of their own: not a text that was made from the HTML."""
        return PARTS if self.has_own_text or not self.template.html else PARTS[:2]

    def bodies(self) -> Iterator[tuple[Part, str]]:
        """The bodies that an author wrote, each as its readers see it."""
        if self.template.html:
            yield "html", self.visible_text
        if self.has_own_text or not self.template.html:
            yield "text", self.text

    def sparse_bodies(self) -> Iterator[tuple[Part, str]]:
        """As ``bodies``, with the required variables only."""
        if isinstance(self.rendered_sparse, RenderedTemplate):
            if self.template.html:
                yield "html", text_of(self.rendered_sparse.html or "")
            if self.has_own_text or not self.template.html:
                yield "text", self.rendered_sparse.text

    def readable_uses(self, role: re.Pattern[str], *parts: Part) -> list[Use]:
        """Where a variable with that role can be read: printed into the subject, the text, or visible HTML."""
        return [
            use
            for use in self.uses
            if use.printed and (use.part in parts or not parts) and self.is_for(use, role) and self.is_visible(use)
        ]

    def is_for(self, use: Use, role: re.Pattern[str]) -> bool:
        """Whether a use is of a variable with that role; a variable's other names count."""
        also = use.declaration.also if use.declaration is not None and use.path == use.root else ()
        return any(has_role(name, role) for name in (use.path, *also))

    def tag_of(self, use: Use) -> str:
        """The tag that a use is in, as it is written."""
        return str(getattr(self.template, use.part)[use.start : use.end])

    def is_visible(self, use: Use) -> bool:
        """Whether readers see it: not in a tag of the HTML, not in a hidden element."""
        if use.part != "html":
            return True
        run = self.page.run_at(use.start)
        return run is not None and not run.look.hidden

    def find_words(self, words: Words, text: str) -> re.Match[str] | None:
        """The first of these words in a text, in the languages of this template."""
        return next((match for tag in self.languages if (match := words[tag].search(text)) is not None), None)

    def masked(self, part: Part) -> str:
        """A part with its tags masked; '' where they cannot be read."""
        return self._masked[part]

    @cached_property
    def _masked(self) -> dict[Part, str]:
        masked_parts: dict[Part, str] = {}
        for part in PARTS:
            try:
                masked_parts[part] = self.page.masked if part == "html" else masked(getattr(self.template, part))
            except TemplateSyntaxError:
                masked_parts[part] = ""
        return masked_parts

    def uses_between(self, start: int, end: int) -> list[Use]:
        """The uses that are printed between two positions of the HTML, such as an attribute's value."""
        uses_of_html, starts = self._printed_in_html
        return uses_of_html[bisect_left(starts, start) : bisect_left(starts, end)]

    def uses_in_link(self, link: Element) -> list[Use]:
        """The variables in a link's address."""
        attribute = link.attributes["href"]
        return self.uses_between(attribute.start, attribute.end)

    @cached_property
    def _printed_in_html(self) -> tuple[list[Use], list[int]]:
        match = [use for use in self.uses if use.part == "html" and use.printed]
        return match, [use.start for use in match]

    def source_of(self, part: Part) -> str:
        """The part as its author wrote it."""
        if self.source is None:
            return str(getattr(self.template, part, ""))
        return self.source.html or self.source.mjml if part == "html" else str(getattr(self.source, part, ""))

    def _uses_in(self, part: Part) -> Iterator[Use]:
        try:
            yield from uses(part, getattr(self.template, part), self.declared)
        except TemplateSyntaxError:
            return

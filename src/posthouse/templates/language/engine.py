"""How a template is rendered, and what stops it: minijinja, strict, with every printed value passing through here.

``grammar`` decides what a template may contain. The rest is bounded three times: the engine's fuel bounds the steps, a meter
the characters that are printed or go through a filter, and a size the result. In HTML every value is escaped on its way
out and there is no filter that prevents it; ``/`` is left alone, so a link stays readable and searchable in the source.

A value that is printed must be text, a number, an amount of money, true or false, or nothing: a list or an object in the middle
of a sentence is a mistake in the template and is an error. So is a name that is not there; it is never an empty space.

Known sharp edges: a page has one meter, so two renderings of it must not interleave (they cannot: rendering
does not wait, and a process renders in one thread). Compiled pages are cached by their content, not by name, so tenants
can neither see nor change one another's.
"""

import re
from collections.abc import Callable, Mapping
from html import escape
from typing import Any, Final

import msgspec
from minijinja import Environment, TemplateError

from posthouse.model.bounded_cache import BoundedCache
from posthouse.model.template import DEFAULT_LOCALE, CompiledTemplate
from posthouse.templates.language import contexts, escaping, filters, grammar
from posthouse.templates.language.locale_filters import amount, language
from posthouse.templates.language.meter import Meter, ValueRefused, describe_type

MOST_COMPILED: Final = 4 << 20  # characters of source; compiled they need some seven octets each
_NAME: Final = "page"
_MONEY: Final = {"amount", "currency"}
_MISSING: Final = re.compile(r"`([^`]*)` is undefined")
_SPECIAL: Final = re.compile("[&<>\"']")


class TemplateFault(Exception):
    """A template that cannot be compiled or rendered; one sentence with part and line, and no value of the caller's."""

    def __init__(self, message: str, missing: str | None = None) -> None:
        """``missing``: the variable that is not there, where that is the fault."""
        super().__init__(message)
        self.message = message
        self.missing = missing


class CompiledPage:
    """One part of a template, compiled, with the steps and characters it may spend."""

    def __init__(self, part: str, source: str, locale: str = DEFAULT_LOCALE) -> None:
        """``part``: html is escaped and checked, any other is literal; ``locale``: of money, dates and plurals. Errors:
        TemplateFault.
        """
        self._part = part
        self._meter = Meter(grammar.MOST_OUTPUT)
        table = filters.metered_filters(self._meter, locale)
        finalize = _finalizer(self._meter, locale, html=part == "html")
        try:
            fuel = grammar.check_page(source).fuel
            if part == "html":
                source, table[escaping.FILTER_NAME] = escaping.add_checks(source)
            self._environment = Environment(
                filters=table, finalizer=finalize, undefined_behavior="strict", pycompat=False, fuel=fuel
            )
            for name in list(self._environment.globals):
                self._environment.remove_global(name)
            self._environment.add_template(_NAME, source)
        except (grammar.TemplateSyntaxError, contexts.UnsafeContext) as fault:
            raise TemplateFault(f"{part}: {fault}") from fault
        except TemplateError as fault:
            raise self._fault_of(fault) from fault

    def fill(self, context: Mapping[str, Any]) -> str:
        """The page with its variables. Errors: TemplateFault."""
        self._meter.spent = 0
        try:
            output = self._environment.render_template(_NAME, **context)
        except TemplateError as fault:
            raise self._fault_of(fault) from fault
        except ValueRefused as refusal:
            raise TemplateFault(f"{self._part}: {refusal}") from refusal
        if len(output) > grammar.MOST_OUTPUT:
            raise TemplateFault(f"{self._part}: becomes larger than {grammar.MOST_OUTPUT} characters")
        return output

    def _fault_of(self, fault: TemplateError) -> TemplateFault:
        missing = _MISSING.search(fault.detail or "") if fault.kind == "UndefinedError" else None
        message = fault.detail or {"OutOfFuel": "takes too many steps"}.get(fault.kind, fault.kind)
        line_prefix = f"line {fault.line}: " if fault.line else ""
        return TemplateFault(f"{self._part}: {line_prefix}{message}", missing.group(1) if missing else None)


class CompiledParts(msgspec.Struct, frozen=True):
    """A template ready to be rendered; None where it has no such part. ``size``: characters of its source."""

    subject: CompiledPage
    html: CompiledPage | None
    text: CompiledPage | None
    size: int


_compiled: BoundedCache[tuple[CompiledTemplate, str], CompiledParts] = BoundedCache(MOST_COMPILED, lambda parts: parts.size)


def compile_template(template: CompiledTemplate, locale: str = DEFAULT_LOCALE) -> CompiledParts:
    """The template compiled for readers of a language, once. Errors: TemplateFault."""
    parts = _compiled.get((template, locale))
    if parts is None:
        parts = _compile(template, locale)
        _compiled.set((template, locale), parts)
    return parts


def forget_compiled_templates() -> None:
    """After a save: what was compiled for it is not rendered by this process again."""
    _compiled.clear()


def _compile(template: CompiledTemplate, locale: str) -> CompiledParts:
    return CompiledParts(
        subject=CompiledPage("subject", template.subject, locale),
        html=CompiledPage("html", template.html, locale) if template.html else None,
        text=CompiledPage("text", template.text, locale) if template.text else None,
        size=len(template.subject) + len(template.html) + len(template.text),
    )


def _finalizer(meter: Meter, locale: str, *, html: bool) -> Callable[[Any], Any]:
    """What the engine calls with every value between ``{{`` and ``}}``."""
    find_special, most, reader_language = _SPECIAL.search, meter.most, language(locale)

    def finalize(value: Any) -> Any:
        kind = type(value)
        if kind is not str:
            if kind is not dict or value.keys() != _MONEY:
                return _scalar(value)
            value = amount(value, reader_language)
        meter.spent += len(value)
        if meter.spent > most:
            meter.charge(0)
        return escape(value) if html and find_special(value) else value

    return finalize


def _scalar(value: Any) -> Any:
    """A value that is no text. Errors: ValueRefused."""
    kind = type(value)
    if kind is int or kind is float:
        return value
    if kind is bool:
        return "true" if value else "false"
    if value is None:
        return ""
    raise ValueRefused(f"prints {describe_type(value)}, which is not text")

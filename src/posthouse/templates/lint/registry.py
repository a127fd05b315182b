"""All lint rules, one tuple. To add one: a check and an entry in its module, a row in docs/lint.md, a sample that breaks it."""

from typing import Final

from posthouse.templates.lint import (
    alert,
    authentication,
    content,
    essential,
    html_support,
    images,
    links,
    looks,
    order,
    shipping,
    subject,
    text,
    variables,
)
from posthouse.templates.lint.rule import LintRule

ALL: Final[tuple[LintRule, ...]] = (
    *essential.RULES,
    *variables.RULES,
    *subject.RULES,
    *text.RULES,
    *links.RULES,
    *images.RULES,
    *html_support.RULES,
    *looks.RULES,
    *content.RULES,
    *authentication.RULES,
    *order.RULES,
    *shipping.RULES,
    *alert.RULES,
)
BY_ID: Final = {rule.id: rule for rule in ALL}

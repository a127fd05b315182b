"""A rule of lint: an id, its severity, the families it applies to, what to do instead, and the check itself."""

from collections.abc import Callable, Iterator
from typing import Final

import msgspec

from posthouse.model.lint_finding import Severity
from posthouse.model.message_type import MessageClass
from posthouse.templates.lint.finding import Hit
from posthouse.templates.lint.reading import LintReading

Check = Callable[[LintReading], Iterator[Hit]]
AUTHENTICATION: Final = "authentication"
ORDER: Final = "order"
SHIPPING: Final = "shipping"
ALERT: Final = "alert"
SECURITY_ALERT: Final = "security_alert"
ORDERS: Final = frozenset({"order_confirmation", "receipt", "payment", "refund"})
SHIPMENTS: Final = frozenset({"shipping_update", "delivery_update"})
ALERTS: Final = frozenset({"account_alert", SECURITY_ALERT})


class LintRule(msgspec.Struct, frozen=True):
    """A rule. ``families``: those it applies to, () for all; ``types``: of those only these message types, () for all."""

    id: str
    meaning: str
    remedy: str
    check: Check
    families: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    severity: Severity = "warning"

    def binds(self, family: str, message_type: str | None) -> bool:
        """Whether the rule applies to mail of that family and type."""
        return (not self.families or family in self.families) and (not self.types or message_type in self.types)


def family_of(message_type: str | None, message_class: MessageClass | None) -> str:
    """The family of transactional mail that a type belongs to, '' for none. A tenant's own type belongs to one by its class."""
    if message_type in ORDERS:
        return ORDER
    if message_type in SHIPMENTS:
        return SHIPPING
    if message_type in ALERTS or message_class is MessageClass.SECURITY:
        return ALERT
    return AUTHENTICATION if message_class is MessageClass.AUTHENTICATION else ""

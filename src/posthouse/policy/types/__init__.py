"""The message types: table T1 as data, one module a type or family, each with the reasons for its numbers.

To add a type: a module here, an entry in ``ALL``, a row in the golden table of the tests. A tenant may add types of its own, each
of which behaves as a built-in one (its parent) in every cell and is reported under its own name.
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from posthouse.model.message_type import MessageType, OwnType
from posthouse.policy.types.account_alert import ACCOUNT_ALERT, TRANSACTIONAL
from posthouse.policy.types.commercial import NEWSLETTER, ONBOARDING, PROMOTION, REENGAGEMENT
from posthouse.policy.types.email_verification import EMAIL_VERIFICATION
from posthouse.policy.types.notice import DIGEST, NOTIFICATION, SUBSCRIPTION
from posthouse.policy.types.order import ORDER_CONFIRMATION, PAYMENT, RECEIPT, REFUND
from posthouse.policy.types.security_alert import SECURITY_ALERT
from posthouse.policy.types.shipping import DELIVERY_UPDATE, SHIPPING_UPDATE
from posthouse.policy.types.sign_in import MAGIC_LINK, PASSWORD_RESET, TWO_FACTOR_CODE

DEFAULT: Final = TRANSACTIONAL.name

ALL: Final[tuple[MessageType, ...]] = (
    TWO_FACTOR_CODE,
    PASSWORD_RESET,
    MAGIC_LINK,
    EMAIL_VERIFICATION,
    SECURITY_ALERT,
    ACCOUNT_ALERT,
    TRANSACTIONAL,
    ORDER_CONFIRMATION,
    RECEIPT,
    PAYMENT,
    REFUND,
    SHIPPING_UPDATE,
    DELIVERY_UPDATE,
    SUBSCRIPTION,
    NOTIFICATION,
    DIGEST,
    NEWSLETTER,
    PROMOTION,
    ONBOARDING,
    REENGAGEMENT,
)
BY_NAME: Final[dict[str, MessageType]] = {known.name: known for known in ALL}
NAME: Final = re.compile(r"(?=.{1,64}\Z)[a-z][a-z0-9]*(_[a-z0-9]+)*", re.ASCII)
OwnTypes = Mapping[str, MessageType]
_MOST_SHOWN: Final = 64


def own(name: str, parent: str) -> MessageType:
    """A tenant's own type. Errors: KeyError where the parent is not built in."""
    return msgspec.structs.replace(BY_NAME[parent], name=name, parent=parent)


def own_types(rows: Iterable[OwnType]) -> OwnTypes:
    """The types that a tenant made, by name."""
    return {each.name: own(each.name, each.parent) for each in rows}


def unknown(name: str, known: Iterable[str] = ()) -> str:
    """The error for an unknown type, with a suggestion. ``known``: the names of the tenant's own."""
    names = (*BY_NAME, *known)
    near = difflib.get_close_matches(name[:_MOST_SHOWN], names, 1)
    hint = f" Did you mean '{near[0]}'?" if near else f" There are {', '.join(names)}."
    return f"'{name[:_MOST_SHOWN]}' is no message type.{hint}"

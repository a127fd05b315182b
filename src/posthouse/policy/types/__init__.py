"""Which message types there are: table T1 as data, one module a type or family, each with the why of its numbers.

To add a type: a module here, an entry in ``ALL``, a row in the golden table of the tests.
"""

from typing import Final

from posthouse.model.message_type import MessageType
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

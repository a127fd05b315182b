"""The addresses among a tenant's settings, checked the same way for tenant, brand and streams."""

from typing import Any, Final

from posthouse.mail.address import AddressFault, parse_mailbox
from posthouse.model.send_request import FieldError
from posthouse.policy.accept.sender import check_default_from

_ADDRESSES: Final = (("reply_to", "replyTo"), ("support_email", "supportEmail"))


def check_addresses(changed: dict[str, Any]) -> tuple[FieldError, ...]:
    """What is wrong with the addresses among changed settings; '' clears a setting and is always fine."""
    errors = []
    if changed.get("sender") and (fault := check_default_from(changed["sender"])) is not None:
        errors.append(FieldError("from", fault))
    for name, path in _ADDRESSES:
        parsed = parse_mailbox(changed[name]) if changed.get(name) else None
        if isinstance(parsed, AddressFault):
            errors.append(FieldError(path, parsed.message))
    return tuple(errors)

"""What commercial mail must carry: a one-click unsubscribe, and the postal address of its sender (P4).

CAN-SPAM requires both (15 U.S.C. 7704(a)(3) and (5)), RFC 8058 defines the click. A stream whose content policy refuses
also refuses commercial mail that lacks either; any other stream only adds a warning, so that a newcomer's first newsletter
reaches the inbox.

Known sharp edges: the address is searched for as words, whatever stands between them.
"""

import re
from collections.abc import Iterable
from html import unescape
from typing import Final

from posthouse.mail.html import replace_tags
from posthouse.model.send_request import FieldError, Rejection, Warning

NO_ONE_CLICK: Final = Warning(
    "unsubscribe_unavailable",
    "One-click unsubscribe needs POSTHOUSE_PUBLIC_URL to be an https address that receivers reach.",
    "stream",
)
NO_ADDRESS: Final = Warning(
    "postal_address_missing",
    "Commercial mail says where its sender is to be found: set postalAddress of the stream or the brand, and print it.",
    "stream",
)
NOT_PRINTED: Final = Warning(
    "postal_address_missing", "The postal address of the stream or the brand stands nowhere in this commercial mail.", "html"
)
_REQUIRED: Final = frozenset({NO_ONE_CLICK.code, NO_ADDRESS.code})
_WORD: Final = re.compile(r"\w+")


def check_postal_address(parts: Iterable[str | None], addresses: Iterable[str]) -> Warning | None:
    """A warning where no postal address is set or printed; ``addresses``: the stream's and the brand's, '' where none is set."""
    expected = [words for words in map(_words, addresses) if words]
    if not expected:
        return NO_ADDRESS
    printed = [_words(unescape(replace_tags(part, " ", " "))) for part in parts if part]
    return None if any(address in part for address in expected for part in printed) else NOT_PRINTED


def refuse_incomplete(warnings: Iterable[Warning], stream: str) -> Rejection | None:
    """The refusal of a commercial mail that lacks something, on a stream that refuses; None where nothing is missing."""
    missing = [warning for warning in warnings if warning.code in _REQUIRED]
    if not missing:
        return None
    errors = tuple(FieldError(warning.path, warning.message) for warning in missing)
    return Rejection("content_refused", f"{missing[0].message} The stream '{stream}' refuses commercial mail without it.", errors)


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))

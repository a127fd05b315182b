"""What commercial mail must carry: a way out in one click, and where its sender is to be found (P4).

CAN-SPAM asks for both (15 U.S.C. 7704(a)(3) and (5)), RFC 8058 says how the click works. A stream that refuses what does not belong there
refuses commercial mail that lacks either; any other stream is told in a warning, so that a newcomer's first newsletter reaches the inbox.

Known sharp edges: the address is looked for as words, whatever stands between them; in a submitted message it is not looked for.
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
_LACKING: Final = frozenset({NO_ONE_CLICK.code, NO_ADDRESS.code})
_WORD: Final = re.compile(r"\w+")


def address_lacking(parts: Iterable[str | None], known: Iterable[str]) -> Warning | None:
    """What is to be said about the postal address; ``known``: those of stream and brand, '' where none is set."""
    wanted = [words for words in map(_words, known) if words]
    if not wanted:
        return NO_ADDRESS
    said = [_words(unescape(replace_tags(part, " ", " "))) for part in parts if part]
    return None if any(address in part for address in wanted for part in said) else NOT_PRINTED


def refusal(warnings: Iterable[Warning], stream: str) -> Rejection | None:
    """Why a stream that refuses does not take a commercial mail, if it lacks something."""
    lacking = [warning for warning in warnings if warning.code in _LACKING]
    if not lacking:
        return None
    errors = tuple(FieldError(warning.path, warning.message) for warning in lacking)
    return Rejection("content_refused", f"{lacking[0].message} The stream '{stream}' refuses commercial mail without it.", errors)


def _words(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))

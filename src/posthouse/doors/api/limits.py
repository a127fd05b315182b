"""How much the HTTP door takes: the contract's limits, said once for the code and for the OpenAPI document.

Bytes are counted on the wire, characters as Unicode code points; a megabyte is 2**20 bytes.
"""

from typing import Final

import msgspec

MEGABYTE: Final = 1 << 20

HTML_BYTES: Final = 1 * MEGABYTE
RECIPIENTS: Final = 50
ATTACHMENTS: Final = 20
BATCH_ITEMS: Final = 500
HEADERS: Final = 50
HEADER_LENGTH: Final = 2048
TAGS: Final = 10
TAG_LENGTH: Final = 128
METADATA_KEYS: Final = 20
METADATA_LENGTH: Final = 1024
DEDUPE_KEY_LENGTH: Final = 256
SUBJECT_LENGTH: Final = 998
ADDRESS_LENGTH: Final = 1024
SMALL_BODY: Final = 64 * 1024
DEPTH: Final = 64
LIST_DEFAULT: Final = 50
LIST_MOST: Final = 200
WAIT_SECONDS: Final = 30


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What may be set otherwise: the largest bodies, in bytes, and how long one may take to arrive, in seconds."""

    message_bytes: int = 25 * MEGABYTE
    batch_bytes: int = 50 * MEGABYTE
    body_seconds: float = 60.0

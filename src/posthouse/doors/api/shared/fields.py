r"""The JSON that the API reads: request bodies, as types that both validate a body and describe it in OpenAPI.

The operator sets how many of each there may be (``sending.count_limits``, ``sending.limit_schemas``), so no type here has these
limits. ``form`` puts a pattern into words for the caller. ``null`` counts as absent wherever a default stands. ``$(?!\n)`` and
not ``$``: Python's dollar also matches before a last line feed, JSON Schema's does not.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

from posthouse.doors.http import limits
from posthouse.policy.throttle import MOST

_END: Final = r"$(?!\n)"
_LINE: Final = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*" + _END
_NO_CONTROLS: Final = {"form": "one line without control characters"}

Line = Annotated[str, Meta(max_length=256, pattern=_LINE, extra=_NO_CONTROLS)]
AddressText = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=limits.ADDRESS_LENGTH,
        description="One address, with or without a display name; no comma-separated list.",
        examples=["user@example.com", "Jane Doe <jane@example.com>"],
    ),
]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 with zone.", examples=["2026-11-22T10:00:00Z"])]
TypeName = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=r"^[a-z][a-z0-9_]*" + _END,
        extra={"form": "a message type such as password_reset"},
        description="A message type; left out: the template's, else the credential's, else transactional.",
        examples=["password_reset"],
    ),
]
StreamName = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=r"^[a-z0-9][a-z0-9._-]*" + _END,
        extra={"form": "a stream name such as transactional"},
        examples=["transactional"],
    ),
]
TemplateName = Annotated[
    str,
    Meta(
        max_length=128,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*" + _END,
        extra={"form": "a template name such as password-reset"},
        examples=["password-reset"],
    ),
]
Locale = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=r"^[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*" + _END,
        extra={"form": "a language tag such as de or pt-BR"},
        examples=["de"],
    ),
]
Key = Annotated[
    str,
    Meta(
        min_length=1,
        pattern=_LINE,
        extra=_NO_CONTROLS,
        examples=["password-reset:user-123:req-456"],
    ),
]
Tag = Annotated[str, Meta(min_length=1, max_length=limits.TAG_LENGTH, pattern=_LINE, extra=_NO_CONTROLS)]
FieldName = Annotated[
    str, Meta(min_length=1, max_length=76, pattern="^[!-9;-~]+" + _END, extra={"form": "a header field name (RFC 5322 2.2)"})
]
FieldValue = Annotated[
    str,
    Meta(
        pattern=r"^[^\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]*" + _END,
        extra=_NO_CONTROLS,
    ),
]
ContentType = Annotated[
    str,
    Meta(
        max_length=255,
        pattern=r"^(?!multipart/)[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+( *; *[A-Za-z0-9!#$&^_.+-]+=([A-Za-z0-9!#$&^_.+/:-]+|"
        r"\"[ !#-\[\]-~]*\"))*" + _END,
        extra={"form": "a media type such as application/pdf"},
        examples=["application/pdf"],
    ),
]
ContentId = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=r"^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.@-]+" + _END,
        extra={"form": "a content id such as logo@shop"},
        examples=["logo"],
    ),
]
MetadataKey = Annotated[str, Meta(min_length=1, max_length=128, pattern=_LINE, extra=_NO_CONTROLS)]
MetadataValue = Annotated[str, Meta(max_length=limits.METADATA_LENGTH)]
FreeObject = Annotated[dict[str, Any], Meta(description=f"Any JSON, nested at most {limits.DEPTH} levels deep in all.")]


class NamedAddress(Struct, frozen=True, forbid_unknown_fields=True):
    """An address and the name people see."""

    email: Annotated[str, Meta(min_length=3, max_length=limits.ADDRESS_LENGTH, examples=["jane@example.com"])]
    name: Line | None = None


OneAddress = AddressText | NamedAddress
OneOrMoreAddresses = AddressText | NamedAddress | list[AddressText | NamedAddress]


class AttachmentBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A file. With ``contentId`` it is an inline image that the HTML names as ``cid:…``."""

    filename: Annotated[str, Meta(min_length=1, max_length=255, pattern=_LINE, extra=_NO_CONTROLS, examples=["receipt.pdf"])]
    content: Annotated[
        str,
        Meta(
            description="Base64 (RFC 4648 section 4), padded, without line breaks.",
            extra_json_schema={"contentEncoding": "base64"},
        ),
    ]
    content_type: ContentType | None = None
    content_id: ContentId | None = None


class TrackingBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether opens and clicks are tracked, where the message type lets it be chosen."""

    opens: bool | None = None
    clicks: bool | None = None


class SendBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """One message. Only ``to`` and some content (``template``, ``html`` or ``text``) are required; a template wins over the
    rest.
    """

    to: OneOrMoreAddresses
    from_: Annotated[OneAddress, Meta(description="Left out: the template's, stream's or tenant's.")] | None = field(
        default=None, name="from"
    )
    cc: OneOrMoreAddresses | None = None
    bcc: Annotated[OneOrMoreAddresses, Meta(description="Stands in no copy.")] | None = None
    reply_to: OneOrMoreAddresses | None = None
    subject: Annotated[str, Meta(max_length=limits.SUBJECT_LENGTH, pattern=_LINE, extra=_NO_CONTROLS)] | None = None
    html: Annotated[str, Meta(description="Literal unless a template is named.")] | None = None
    text: Annotated[str, Meta(description="Left out beside html: made from the html.")] | None = None
    template: TemplateName | None = None
    template_version: Annotated[int, Meta(ge=1, le=2147483647)] | None = None
    locale: Locale | None = None
    variables: FreeObject | None = None
    payload: Annotated[FreeObject, Meta(description="Another name for variables.")] | None = None
    type: TypeName | None = None
    stream: StreamName | None = None
    dedupe_key: Key | None = None
    occurred_at: Instant | None = None
    send_at: Instant | None = None
    expires_at: Instant | None = None
    expires_in: (
        Annotated[int, Meta(ge=1, le=90 * 86400, description="Seconds from acceptance; not together with expiresAt.")] | None
    ) = None
    supersedes: (
        Annotated[Key, Meta(description="An older message with the same value that was never attempted is cancelled.")] | None
    ) = None
    tls: Literal["opportunistic", "required"] | None = None
    headers: dict[FieldName, FieldValue | None] | None = None
    attachments: list[AttachmentBody] | None = None
    tags: list[Tag] | None = None
    metadata: dict[MetadataKey, MetadataValue | None] | None = None
    tracking: TrackingBody | None = None


class BatchBody(Struct, frozen=True, forbid_unknown_fields=True):
    """Messages that succeed or fail each on its own. An item that is no valid ``SendBody`` fails alone, by its index."""

    messages: Annotated[list[dict[str, Any]], Meta(min_length=1)]


Rate = Annotated[
    int,
    Meta(
        ge=0,
        le=MOST,
        description="Messages a minute, of authentication mail and of all other mail each; 0: no limit.",
        examples=[600],
    ),
]


class KeyBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A key to be made. A test key makes test keys only; left out, the environment is the caller's own."""

    name: Annotated[str, Meta(max_length=128, pattern=_LINE, extra=_NO_CONTROLS, examples=["checkout service"])] | None = None
    environment: Literal["live", "test"] | None = None
    type: TypeName | None = None
    stream: StreamName | None = None
    rate_per_minute: Rate | None = None


class KeyChange(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What of a key can be changed."""

    rate_per_minute: Rate

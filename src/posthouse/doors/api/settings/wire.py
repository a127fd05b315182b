"""What JSON the HTTP door reads and writes about a tenant's settings: itself, brand, streams, message types; and who changed
what.

``null`` counts as absent, '' clears a setting.
"""

from typing import Annotated, Any, Final, Literal

from msgspec import Meta, Struct, field

from posthouse.doors.api.shared.fields import Line, StreamName
from posthouse.doors.http.limits import ADDRESS_LENGTH

_END: Final = r"$(?!\n)"

PostalAddress = Annotated[str, Meta(max_length=500)]
Address = Annotated[str, Meta(max_length=320, examples=["help@shop.example"])]
Author = Annotated[
    str,
    Meta(
        max_length=ADDRESS_LENGTH,
        description="Who mail is from where a message does not say, with or without a display name; '' for none.",
        examples=["Shop <orders@shop.example>"],
    ),
]
TypeName = Annotated[
    str,
    Meta(
        max_length=64,
        pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*" + _END,
        extra={"form": "words of small letters and digits joined by _, such as order_update"},
        examples=["order_update"],
    ),
]
HostName = Annotated[str, Meta(max_length=253, examples=["links.shop.example"])]
WebAddress = Annotated[
    str, Meta(max_length=1024, pattern=r"^(https://[^\s\"<>]+)?" + _END, extra={"form": "an https address, or '' for none"})
]


class BrandBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is to change of the brand."""

    company: Line | None = None
    logo_url: WebAddress | None = None
    color: (
        Annotated[str, Meta(pattern=r"^(#[0-9A-Fa-f]{6})?" + _END, extra={"form": "a colour such as #1a73e8, or ''"})] | None
    ) = None
    support_email: Address | None = None
    support_url: WebAddress | None = None
    postal_address: PostalAddress | None = None


class StreamBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is to change of a stream."""

    content_policy: Literal["off", "flag", "refuse"] | None = None
    unsubscribe: bool | None = None
    sender: Author | None = field(default=None, name="from")
    reply_to: Address | None = None
    postal_address: PostalAddress | None = None
    track_opens: bool | None = None
    track_clicks: bool | None = None
    tracking_domain: HostName | None = None


class NewStreamBody(StreamBody, frozen=True, forbid_unknown_fields=True, rename="camel", kw_only=True):
    """A new stream; what is left out is as by default."""

    name: StreamName


class TenantBody(Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What is to change of the tenant: who its mail is from and where answers go, where nothing nearer says; '' clears."""

    sender: Author | None = field(default=None, name="from")
    reply_to: Address | None = None


class TypeBody(Struct, frozen=True, forbid_unknown_fields=True):
    """A message type of your own: it behaves as its ``parent``, a built-in one, and is shown by its own name."""

    name: TypeName
    parent: TypeName
    description: Line | None = None


def changes(body: Struct) -> dict[str, Any]:
    """The fields that were given, by their names in Python."""
    found = {name: getattr(body, name) for name in body.__struct_fields__}
    return {name: value for name, value in found.items() if value is not None}

"""What a template's mail looks like, before it is sent: with the variables' examples where a caller gives none (C1).

Every version can be looked at, active or not.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from posthouse.admin.templates import NO_TEMPLATE, NO_VERSION, Templates
from posthouse.mail.mime import compose
from posthouse.model.brand import Brand
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Rejection
from posthouse.model.template import RenderedTemplate, TemplateVersion
from posthouse.pipeline.accept.branding import declares_brand, with_brand
from posthouse.store.tenants import brands
from posthouse.templates.examples import examples
from posthouse.templates.ready_made import READY_MADE

AUTHOR: Final = Mailbox("preview", "example.com")
READER: Final = Mailbox("reader", "example.com")
_SEED: Final = "preview"


class TemplatePreview(msgspec.Struct, frozen=True):
    """The rendering, what it was made from, and the whole mail as it could be on the wire."""

    version: TemplateVersion
    rendered: RenderedTemplate
    variables: dict[str, Any]
    raw: bytes


async def preview(
    templates: Templates,
    tenant: int,
    name: str,
    *,
    number: int | None = None,
    variables: Mapping[str, Any] | None = None,
    locale: str | None = None,
    sender: Mailbox = AUTHOR,
) -> TemplatePreview | Rejection:
    """That version, else the active, else the newest, else the ready-made one; what ``variables`` leave out is an example."""
    own = await templates.worded(tenant, name, number)
    version = READY_MADE.get(name) if own is None else own.template
    if version is None or (own is None and number not in (None, version.version)):
        return Rejection("not_found", NO_VERSION if await templates.worded(tenant, name) else NO_TEMPLATE)
    brand = await brands.get(templates.parts.database, tenant)
    return await preview_of(templates, version, variables or {}, brand, locale, sender)


async def preview_of(
    templates: Templates,
    version: TemplateVersion,
    variables: Mapping[str, Any],
    brand: Brand,
    locale: str | None,
    sender: Mailbox,
) -> TemplatePreview | Rejection:
    """The same of a version at hand."""
    given = with_brand(variables, brand) if declares_brand(version) else dict(variables)
    filled = examples(version.variables) | given
    rendered = await templates.parts.renders.render(version, filled, locale)
    if isinstance(rendered, tuple):
        return Rejection("variable_invalid", f"{rendered[0].path}: {rendered[0].message}", rendered)
    sender = version.sender or sender
    content = compose.compose(
        sender=sender, to=(READER,), cc=(), reply_to=(), subject=rendered.subject, text=rendered.text, html=rendered.html,
        headers={}, attachments=(), seed=_SEED,
    )  # fmt: skip
    head = compose.finish(content, date=templates.parts.now(), message_id=f"{_SEED}@{sender.domain}", extra=b"")
    return TemplatePreview(version, rendered, filled, head + b"\r\n" + content.body)

"""What a template's mail looks like, before it is sent: with the variables' examples where a caller gives none.

Every version can be looked at, active or not.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from posthouse.admin.context import AdminContext
from posthouse.admin.template_versions import find_version
from posthouse.admin.templates import NO_TEMPLATE, NO_VERSION
from posthouse.mail.mime import compose
from posthouse.model.actor import Actor
from posthouse.model.brand import Brand
from posthouse.model.mailbox import Mailbox
from posthouse.model.send_request import Rejection
from posthouse.model.template import RenderedTemplate, TemplateVersion
from posthouse.pipeline.accept.branding import declares_brand, with_brand
from posthouse.store.tenants import brands
from posthouse.templates.examples import examples
from posthouse.templates.ready_made import READY_MADE

SENDER: Final = Mailbox("preview", "example.com")
READER: Final = Mailbox("reader", "example.com")
_SEED: Final = "preview"


class PreviewRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to preview. ``number`` None: the active version, else the newest; ``variables`` that are left out are examples."""

    name: str
    number: int | None = None
    variables: Mapping[str, Any] | None = None
    locale: str | None = None


class TemplatePreview(msgspec.Struct, frozen=True):
    """The rendering, what it was made from, and the whole mail as it could be on the wire."""

    version: TemplateVersion
    rendered: RenderedTemplate
    variables: dict[str, Any]
    raw: bytes


async def preview(context: AdminContext, actor: Actor, request: PreviewRequest) -> TemplatePreview | Rejection:
    """That version, else the active, else the newest, else the ready-made one."""
    own = await find_version(context, actor, request.name, request.number)
    version = READY_MADE.get(request.name) if own is None else own.template
    if version is None or (own is None and request.number not in (None, version.version)):
        return Rejection("not_found", NO_VERSION if await find_version(context, actor, request.name) else NO_TEMPLATE)
    brand = await brands.get(context.database(actor), actor.tenant)
    return await _preview_version(context, version, brand, request)


async def _preview_version(
    context: AdminContext, version: TemplateVersion, brand: Brand, request: PreviewRequest
) -> TemplatePreview | Rejection:
    given = request.variables or {}
    given = with_brand(given, brand) if declares_brand(version) else dict(given)
    variables = examples(version.variables) | given
    rendered = await context.renderer.render(version, variables, request.locale)
    if isinstance(rendered, tuple):
        return Rejection("variable_invalid", f"{rendered[0].path}: {rendered[0].message}", rendered)
    sender = version.sender or SENDER
    content = compose.compose(
        sender=sender,
        to=(READER,),
        cc=(),
        reply_to=(),
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        headers={},
        attachments=(),
        seed=_SEED,
    )
    head = compose.finish(content, date=context.clock.now(), message_id=f"{_SEED}@{sender.domain}", extra=b"")
    return TemplatePreview(version, rendered, variables, head + b"\r\n" + content.body)

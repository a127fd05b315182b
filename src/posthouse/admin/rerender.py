"""Does an order's mail of last year still render to what it said? Version and variables, rendered again and compared (C3).

What was sent is answered from stored content; this is the proof that the version still makes it. The digest of the
rendering is kept sealed with the variables, for message types whose content is a record. A difference is reported, never
hidden: it means that the engine, its language data or our own filters have changed.

Known sharp edges: a tenant's own template and a ready-made one may have the same name and number; whichever gives the digest counts.
"""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import msgspec

from posthouse.admin.templates import Templates
from posthouse.model.send_request import Rejection
from posthouse.model.stored_message import StoredMessage
from posthouse.model.template import RenderedTemplate, TemplateVersion
from posthouse.pipeline.accept.content import digest_of
from posthouse.store.messages import resend
from posthouse.store.seal import Sealer
from posthouse.templates.ready_made import READY_MADE

_KEPT: Final = msgspec.json.Decoder(tuple[str, dict[str, Any]] | dict[str, Any])


class RerenderResult(msgspec.Struct, frozen=True):
    """The rendering of today. ``digest`` is its own, ``kept`` that of the rendering that was accepted; both hexadecimal."""

    version: TemplateVersion
    rendered: RenderedTemplate
    digest: str
    kept: str

    @property
    def is_same(self) -> bool:
        """True where it says today what it said then."""
        return self.digest == self.kept


async def rerender(
    templates: Templates, sealer: Sealer, tenant: int, environment: int, message: UUID
) -> RerenderResult | Rejection:
    """The message's template and variables, rendered again. Errors: SealBroken under a wrong secret key."""
    async with templates.parts.database.session() as session:
        stored = await resend.stored(session, tenant, environment, message)
    if stored is None:
        return Rejection("not_found", "There is no such message.")
    if stored.template is None or stored.template_version is None:
        return Rejection("not_found", "The message was not made from a template.")
    if stored.variables is None or stored.key_id is None:
        return Rejection("not_found", "The variables of this message are not kept: its type keeps none, or their time is over.")
    said = _KEPT.decode(sealer.open(stored.variables, stored.key_id, message.bytes))
    if isinstance(said, dict):
        return Rejection("not_found", "The message was accepted before digests of renderings were kept.")
    kept, variables = said
    return await _again(templates, tenant, stored, kept, variables)


async def _again(
    templates: Templates, tenant: int, stored: StoredMessage, kept: str, variables: dict[str, Any]
) -> RerenderResult | Rejection:
    name, number = stored.template or "", stored.template_version or 0
    own = await templates.worded(tenant, name, number)
    found: list[RerenderResult] = []
    fault = "The version of the template is gone."
    for version in _candidates(None if own is None else own.template, name, number):
        rendered = await templates.parts.renders.render(version, variables, stored.locale)
        if isinstance(rendered, RenderedTemplate):
            found.append(RerenderResult(version, rendered, digest_of(rendered).hex(), kept))
        else:
            fault = f"It does not render any more: {rendered[0].path}: {rendered[0].message}"
    if not found:
        return Rejection("variable_invalid", fault)
    return next((again for again in found if again.is_same), found[0])


def _candidates(own: TemplateVersion | None, name: str, number: int) -> Iterator[TemplateVersion]:
    if own is not None:
        yield own
    ready = READY_MADE.get(name)
    if ready is not None and ready.version == number:
        yield ready

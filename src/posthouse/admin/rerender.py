"""Does a mail of last year still render to what it said? Version and variables, rendered again and compared.

What was sent is answered from stored content; this is the proof that the version still makes it. The digest of the
rendering is stored, sealed with the variables, for message types whose content is a record. A difference is reported, never
hidden: it means that the engine, its language data or our own filters have changed.

Known sharp edges: a tenant's own template and a ready-made one may have the same name and number; whichever gives the digest
counts.
"""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

import msgspec

from posthouse.admin.context import AdminContext
from posthouse.admin.messages import NO_MESSAGE
from posthouse.admin.template_versions import find_version
from posthouse.model.actor import Actor
from posthouse.model.send_request import Rejection
from posthouse.model.stored_message import StoredMessage
from posthouse.model.template import RenderedTemplate, TemplateVersion
from posthouse.pipeline.accept.content import digest_of
from posthouse.store.messages import resend
from posthouse.templates.ready_made import READY_MADE

_SEALED: Final = msgspec.json.Decoder(tuple[str, dict[str, Any]] | dict[str, Any])
_NO_TEMPLATE: Final = Rejection("not_found", "The message was not made from a template.")
_NO_VARIABLES: Final = Rejection(
    "not_found", "The variables of this message are not kept: its type keeps none, or their time is over."
)
_NO_DIGEST: Final = Rejection("not_found", "The message was accepted before digests of renderings were kept.")


class RerenderResult(msgspec.Struct, frozen=True):
    """The rendering of today. ``digest`` is its own, ``accepted_digest`` that of the rendering that was accepted; both
    hexadecimal.
    """

    version: TemplateVersion
    rendered: RenderedTemplate
    digest: str
    accepted_digest: str

    @property
    def is_same(self) -> bool:
        """True where it says today what it said then."""
        return self.digest == self.accepted_digest


async def rerender(context: AdminContext, actor: Actor, message: UUID) -> RerenderResult | Rejection:
    """The message's template and variables, rendered again. Errors: SealBroken under a wrong secret key."""
    async with context.database(actor).session() as session:
        stored = await resend.stored(session, actor.tenant, actor.environment, message)
    if stored is None:
        return NO_MESSAGE
    if stored.template is None or stored.template_version is None:
        return _NO_TEMPLATE
    if stored.variables is None or stored.key_id is None:
        return _NO_VARIABLES
    opened = _SEALED.decode(context.sealer.open(stored.variables, stored.key_id, message.bytes))
    if isinstance(opened, dict):
        return _NO_DIGEST
    accepted_digest, variables = opened
    return await _render_again(context, actor, stored, accepted_digest, variables)


async def _render_again(
    context: AdminContext, actor: Actor, stored: StoredMessage, accepted_digest: str, variables: dict[str, Any]
) -> RerenderResult | Rejection:
    name, number = stored.template or "", stored.template_version or 0
    own = await find_version(context, actor, name, number)
    results: list[RerenderResult] = []
    detail = "The version of the template is gone."
    for version in _candidates(None if own is None else own.template, name, number):
        rendered = await context.renderer.render(version, variables, stored.locale)
        if isinstance(rendered, RenderedTemplate):
            results.append(RerenderResult(version, rendered, digest_of(rendered).hex(), accepted_digest))
        else:
            detail = f"It does not render any more: {rendered[0].path}: {rendered[0].message}"
    if not results:
        return Rejection("variable_invalid", detail)
    return next((result for result in results if result.is_same), results[0])


def _candidates(own: TemplateVersion | None, name: str, number: int) -> Iterator[TemplateVersion]:
    if own is not None:
        yield own
    ready = READY_MADE.get(name)
    if ready is not None and ready.version == number:
        yield ready

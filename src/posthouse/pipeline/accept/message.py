"""A message on its way from request to row: its parts, and all that the steps of ``draft`` need to know of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from posthouse.model.content import Content
from posthouse.model.send_request import Caller, SendRequest, Warning
from posthouse.model.template import TemplateVersion
from posthouse.pipeline.accept.tenant_facts import SendFacts
from posthouse.policy.accept.admit import Admission


class RenderedParts(msgspec.Struct, frozen=True):
    """The parts of a message: a submitted message's content, or subject, HTML and text to compose.

    ``template``: the version that they were rendered from, with ``variables`` (the caller's, and the brand); ``digest``: of the
    rendering, before links were added.
    """

    subject: str
    html: str | None
    text: str | None
    content: Content | None = None
    template: TemplateVersion | None = None
    locale: str | None = None
    variables: dict[str, Any] | None = None
    digest: bytes = b""


class AdmittedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was admitted at ``now`` and rendered; handed from step to step and never changed."""

    id: UUID
    now: datetime
    caller: Caller
    request: SendRequest
    facts: SendFacts
    admission: Admission
    parts: RenderedParts


class LinkedContent(msgspec.Struct, frozen=True, kw_only=True):
    """``html`` with our links; ``headers``: fields to add; ``tracking``: what is really tracked, bit 0 opens, bit 1 clicks."""

    html: str | None
    headers: dict[str, str] = {}
    tracking: int = 0
    warnings: tuple[Warning, ...] = ()

"""What tenants wrote is rendered, built and linted by confined children; what is ours is rendered here (C6).

Concurrent renderings share a round trip (no timer). A job that goes too far is stopped and told as the template's fault; the
sends beside it are rendered all the same. ``render_job`` and ``save_job`` are what the children do.

Known sharp edges: a child is started when the first such template is used, so the first send of a process waits a few tenths of a second.
"""

import sys
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from posthouse.model.send_request import FieldError
from posthouse.model.template import Rendered, TemplateVersion
from posthouse.net.confine import Confined, Stopped
from posthouse.pipeline.batching import Coalescer
from posthouse.pipeline.render import build_version
from posthouse.pipeline.render.build_version import Made, Parts
from posthouse.templates.draft import Draft
from posthouse.templates.lint import Finding
from posthouse.templates.render import render

MOST_BATCH: Final = 64


class RenderJob(msgspec.Struct, frozen=True):
    """One rendering."""

    version: TemplateVersion
    variables: dict[str, Any]
    locale: str | None


class MakeJob(msgspec.Struct, frozen=True, tag="make"):
    """One saving: build and lint."""

    draft: Draft
    parts: Parts


class LintJob(msgspec.Struct, frozen=True, tag="lint"):
    """Lint what was built before."""

    version: TemplateVersion
    draft: Draft


class Filled(msgspec.Struct, frozen=True):
    """A rendering's answer: one of the two."""

    rendered: Rendered | None
    faults: tuple[FieldError, ...] = ()


class Saved(msgspec.Struct, frozen=True):
    """A saving's answer: what was made, or why not; or findings."""

    made: Made | None = None
    faults: tuple[FieldError, ...] = ()
    findings: tuple[Finding, ...] = ()


def render_job(payload: bytes) -> bytes:
    """In a child: render."""
    job = msgspec.msgpack.decode(payload, type=RenderJob)
    found = render(job.version, job.variables, job.locale)
    return msgspec.msgpack.encode(Filled(found) if isinstance(found, Rendered) else Filled(None, found))


def save_job(payload: bytes) -> bytes:
    """In a child: build and lint."""
    job = msgspec.msgpack.decode(payload, type=MakeJob | LintJob)
    if isinstance(job, LintJob):
        return msgspec.msgpack.encode(Saved(findings=build_version.lint_of(job.version, job.draft)))
    found = build_version.make(job.draft, job.parts)
    return msgspec.msgpack.encode(Saved(made=found) if isinstance(found, Made) else Saved(faults=found))


class ConfinedRenders:
    """Renders by children. ``close`` at the end."""

    def __init__(self) -> None:
        """Nothing is started yet."""
        self._rendering = Confined((sys.executable, "-m", "posthouse.app.confined", "render"))
        self._saving = Confined((sys.executable, "-m", "posthouse.app.confined", "save"), wall=3.0)
        self._together: Coalescer[bytes, bytes | Stopped] = Coalescer(self._run, hopeless=lambda _trouble: True, limit=MOST_BATCH)

    async def render(
        self, version: TemplateVersion, variables: Mapping[str, Any], locale: str | None
    ) -> Rendered | tuple[FieldError, ...]:
        """As ``templates.render``."""
        if version.trusted:
            return render(version, variables, locale)
        answer = await self._together.put(msgspec.msgpack.encode(RenderJob(version, dict(variables), locale)))
        if isinstance(answer, Stopped):
            return (_stopped(answer),)
        filled = msgspec.msgpack.decode(answer, type=Filled)
        return filled.rendered if filled.rendered is not None else filled.faults

    async def make(self, draft: Draft, parts: Parts) -> Made | tuple[FieldError, ...]:
        """As ``making.make``."""
        (answer,) = await self._saving.run([msgspec.msgpack.encode(MakeJob(draft, parts))])
        if isinstance(answer, Stopped):
            return (_stopped(answer),)
        saved = msgspec.msgpack.decode(answer, type=Saved)
        return saved.made if saved.made is not None else saved.faults

    async def lint(self, version: TemplateVersion, draft: Draft) -> tuple[Finding, ...]:
        """As ``making.lint_of``."""
        (answer,) = await self._saving.run([msgspec.msgpack.encode(LintJob(version, draft))])
        if isinstance(answer, Stopped):
            return (_bounds(answer),)
        return msgspec.msgpack.decode(answer, type=Saved).findings

    async def close(self) -> None:
        """End the children."""
        await self._together.drain()
        await self._rendering.close()
        await self._saving.close()

    async def _run(self, payloads: list[bytes]) -> list[bytes | Stopped]:
        return await self._rendering.run(payloads)


def _stopped(answer: Stopped) -> FieldError:
    return FieldError("template", answer.why)


def _bounds(answer: Stopped) -> Finding:
    remedy = "Make it smaller, with fewer loops and languages."
    return Finding(
        rule="render-failed", severity="error", part="html", locale=None, line=0, column=0, message=answer.why, remedy=remedy
    )

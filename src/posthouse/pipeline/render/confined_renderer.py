"""What tenants wrote is rendered, built and linted by confined children; what is ours is rendered here (C6).

Concurrent renderings share a round trip (no timer). A job that goes too far is stopped and told as the template's fault; the
sends beside it are rendered all the same. ``render_job`` and ``save_job`` are what the children do.

Known sharp edges: a child is started when the first such template is used, so the first send of a process waits a few tenths of a
second.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from posthouse.model.lint_finding import LintFinding
from posthouse.model.send_request import FieldError
from posthouse.model.template import RenderedTemplate, TemplateDraft, TemplateVersion
from posthouse.net.confine import ConfinedPool, StoppedJob
from posthouse.pipeline.batching import Batcher
from posthouse.pipeline.render import build_version
from posthouse.pipeline.render.build_version import BuiltVersion, Parts
from posthouse.templates.language.engine import forget_compiled_templates
from posthouse.templates.render import render

MOST_BATCH: Final = 64
SAVE_WALL_SECONDS: Final = 10.0  # for a second of processor time, which others may want too


class RenderJob(msgspec.Struct, frozen=True):
    """One rendering."""

    version: TemplateVersion
    variables: dict[str, Any]
    locale: str | None


class BuildJob(msgspec.Struct, frozen=True, tag="make"):
    """One saving: build and lint."""

    draft: TemplateDraft
    parts: Parts


class LintJob(msgspec.Struct, frozen=True, tag="lint"):
    """Lint what was built before."""

    version: TemplateVersion
    draft: TemplateDraft


class RenderAnswer(msgspec.Struct, frozen=True):
    """A rendering's answer: one of the two."""

    rendered: RenderedTemplate | None
    faults: tuple[FieldError, ...] = ()


class BuildAnswer(msgspec.Struct, frozen=True):
    """A saving's answer: what was made, or why not; or findings."""

    made: BuiltVersion | None = None
    faults: tuple[FieldError, ...] = ()
    findings: tuple[LintFinding, ...] = ()


def render_job(payload: bytes) -> bytes:
    """In a child: render."""
    job = msgspec.msgpack.decode(payload, type=RenderJob)
    found = render(job.version, job.variables, job.locale)
    return msgspec.msgpack.encode(RenderAnswer(found) if isinstance(found, RenderedTemplate) else RenderAnswer(None, found))


def save_job(payload: bytes) -> bytes:
    """In a child: build and lint."""
    job = msgspec.msgpack.decode(payload, type=BuildJob | LintJob)
    try:
        return _save(job)
    finally:
        forget_compiled_templates()


def _save(job: BuildJob | LintJob) -> bytes:
    if isinstance(job, LintJob):
        return msgspec.msgpack.encode(BuildAnswer(findings=build_version.lint_of(job.version, job.draft)))
    found = build_version.build_version(job.draft, job.parts)
    return msgspec.msgpack.encode(BuildAnswer(made=found) if isinstance(found, BuiltVersion) else BuildAnswer(faults=found))


class ConfinedRenderer:
    """Renders by children. ``close`` at the end."""

    def __init__(self, *, render: Sequence[str], save: Sequence[str]) -> None:
        """``render`` and ``save``: the commands that start a child for each, as ``net.confine`` takes them."""
        self._rendering = ConfinedPool(render, work="render")
        self._saving = ConfinedPool(save, work="save", wall=SAVE_WALL_SECONDS)
        self._together: Batcher[bytes, bytes | StoppedJob] = Batcher(
            self._run, fails_together=lambda _trouble: True, limit=MOST_BATCH
        )

    async def render(
        self, version: TemplateVersion, variables: Mapping[str, Any], locale: str | None
    ) -> RenderedTemplate | tuple[FieldError, ...]:
        """As ``templates.render``."""
        if version.trusted:
            return render(version, variables, locale)
        answer = await self._together.submit(msgspec.msgpack.encode(RenderJob(version, dict(variables), locale)))
        if isinstance(answer, StoppedJob):
            return (_stopped(answer),)
        filled = msgspec.msgpack.decode(answer, type=RenderAnswer)
        return filled.rendered if filled.rendered is not None else filled.faults

    async def make(self, draft: TemplateDraft, parts: Parts) -> BuiltVersion | tuple[FieldError, ...]:
        """As ``making.make``."""
        (answer,) = await self._saving.run([msgspec.msgpack.encode(BuildJob(draft, parts))])
        if isinstance(answer, StoppedJob):
            return (_stopped(answer),)
        saved = msgspec.msgpack.decode(answer, type=BuildAnswer)
        return saved.made if saved.made is not None else saved.faults

    async def lint(self, version: TemplateVersion, draft: TemplateDraft) -> tuple[LintFinding, ...]:
        """As ``making.lint_of``."""
        (answer,) = await self._saving.run([msgspec.msgpack.encode(LintJob(version, draft))])
        if isinstance(answer, StoppedJob):
            return (_bounds(answer),)
        return msgspec.msgpack.decode(answer, type=BuildAnswer).findings

    async def close(self) -> None:
        """End the children."""
        await self._together.drain()
        await self._rendering.close()
        await self._saving.close()

    async def _run(self, payloads: list[bytes]) -> list[bytes | StoppedJob]:
        return await self._rendering.run(payloads)


def _stopped(answer: StoppedJob) -> FieldError:
    return FieldError("template", answer.why)


def _bounds(answer: StoppedJob) -> LintFinding:
    remedy = "Make it smaller, with fewer loops and languages."
    return LintFinding(
        rule="render-failed", severity="error", part="html", locale=None, line=0, column=0, message=answer.why, remedy=remedy
    )

"""What the listeners of one process share: intake with its announcements, credentials, rate limits, and the renderer."""

import msgspec

from posthouse.app.runtime.accept import build_intake
from posthouse.app.runtime.confined import confined_command
from posthouse.app.runtime.runtime import Runtime
from posthouse.pipeline.accept.accept import Intake
from posthouse.pipeline.accept.notify_workers import WorkerNotifier
from posthouse.pipeline.accept.rate_limits import KeyRateLimits
from posthouse.pipeline.render.confined_renderer import ConfinedRenderer
from posthouse.store.tenants.credentials import Credentials


class DoorParts(msgspec.Struct, frozen=True, kw_only=True):
    """Made by ``build_door_parts``; one per process with listeners."""

    intake: Intake
    announcer: WorkerNotifier
    credentials: Credentials
    rate_limits: KeyRateLimits
    renderer: ConfinedRenderer

    async def close(self) -> None:
        """Commit what was accepted, then end the confined children."""
        await self.intake.drain()
        await self.renderer.close()


def build_door_parts(runtime: Runtime) -> DoorParts:
    """Over a store that is open; tenants' templates are rendered by confined children."""
    announcer = WorkerNotifier(runtime.database)
    renderer = ConfinedRenderer(render=confined_command("render"), save=confined_command("save"))
    intake = build_intake(runtime, announcer, renderer)
    return DoorParts(
        intake=intake,
        announcer=announcer,
        credentials=Credentials(runtime.database, runtime.clock),
        rate_limits=KeyRateLimits(runtime.database, intake.facts, runtime.clock),
        renderer=renderer,
    )

"""What every use case of this room works with: the stores, the clock, chance, the renderer, and who hears of a change.

The composition root makes one per process; a command makes one for its own length.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from posthouse.model.actor import Actor
from posthouse.model.clock import Clock
from posthouse.model.queue import FlowHead
from posthouse.pipeline.accept.accept import NotifyWorkers
from posthouse.pipeline.render.renderer import InProcessRenderer, Renderer
from posthouse.store.cells import Cells
from posthouse.store.postgres.database import Database
from posthouse.store.recipients.suppression_lookup import AddressKey, load_key
from posthouse.store.seal import Sealer


def _ignore_template(_tenant: int, _name: str) -> None:
    """For a process that keeps no templates in memory."""


def _ignore_settings(_tenant: int) -> None:
    """For a process that keeps no settings in memory."""


def _notify_nobody(_heads: Sequence[FlowHead]) -> None:
    """Commands run beside workers that poll."""


class AdminContext(msgspec.Struct, frozen=True, kw_only=True):
    """``new_id`` gives time-ordered ids, ``random`` so many bytes fit for keys.

    What this process remembers is dropped by ``forget_template`` (tenant, name) and ``forget_settings`` (tenant), which are
    called after the commit; other processes learn of a change when their memory runs out. ``announce`` notifies workers of what
    is due.
    """

    cells: Cells
    sealer: Sealer
    clock: Clock
    new_id: Callable[[datetime], UUID]
    random: Callable[[int], bytes]
    renderer: Renderer = InProcessRenderer()
    announce: NotifyWorkers = _notify_nobody
    forget_template: Callable[[int, str], None] = _ignore_template
    forget_settings: Callable[[int], None] = _ignore_settings
    allow_private_networks: bool = False

    def database(self, actor: Actor) -> Database:
        """The store that holds the actor's tenant."""
        return self.cells.of(actor.tenant)

    async def address_key(self, actor: Actor) -> AddressKey:
        """The key that addresses are hashed under in the actor's store. Errors: SealBroken under a wrong secret key."""
        return await load_key(self.database(actor), self.sealer, self.random)

"""Intake over an open store: for the doors, for `make run`, and for commands."""

from posthouse.app.parts import route_facts
from posthouse.config import Settings
from posthouse.journeys.announce import Announcer
from posthouse.journeys.compose import Composer
from posthouse.journeys.facts import FactBook
from posthouse.journeys.intake import Announce, Intake, IntakeParts
from posthouse.net.clock import Clock
from posthouse.net.entropy import Entropy
from posthouse.store.database import Database
from posthouse.store.domains import Domains
from posthouse.store.seal import Sealer


def intake_over(
    settings: Settings, database: Database, sealer: Sealer, clock: Clock, entropy: Entropy, announcer: Announce | None = None
) -> Intake:
    """An intake whose commits workers hear of."""
    facts = FactBook(database, Domains(database, sealer), clock)
    composer = Composer(facts=facts, sealer=sealer, entropy=entropy, routes=route_facts(settings))
    announce = announcer or Announcer(database)
    return Intake(IntakeParts(database=database, clock=clock, entropy=entropy, composer=composer, announce=announce))

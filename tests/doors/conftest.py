"""The HTTP door, open over a fresh database."""

import pytest

from posthouse.store.postgres.database import Database
from tests.support.http_door import HttpDoor, open_door
from tests.support.postgres import NOW


@pytest.fixture
async def door(database: Database) -> HttpDoor:
    """Two tenants, three keys, nothing sent yet."""
    return await open_door(database, NOW)

"""The database knows the secret key it was sealed with, without keeping it."""

import os

import pytest

from posthouse.store.installation.secret_check import prove, proves
from posthouse.store.postgres.database import Database
from posthouse.store.seal import Sealer, WrongSecretKey


def sealer(*secrets: str) -> Sealer:
    return Sealer(secrets, os.urandom)


async def test_the_first_key_that_comes_is_the_one(database: Database) -> None:
    assert await proves(database, sealer("first"))
    assert await proves(database, sealer("first"))
    assert not await proves(database, sealer("other"))
    with pytest.raises(WrongSecretKey, match="POSTHOUSE_SECRET_KEY"):
        await prove(database, sealer("other"))


async def test_a_new_key_proves_itself_beside_the_old_one(database: Database) -> None:
    await prove(database, sealer("old"))
    assert not await proves(database, sealer("new"))
    await prove(database, sealer("new", "old"))
    await prove(database, sealer("new"))
    assert not await proves(database, sealer("old"))

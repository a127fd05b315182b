"""A secret that changed is used without a restart, and no send is refused meanwhile (contract, "Environment"; G3)."""

import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

from tests.support.onslaught import Promises, produce
from tests.support.product import Product, command, environment, running, sink

ROLE = "shifting"


@pytest.mark.slow
@pytest.mark.timeout(90)
def test_a_route_in_a_file_is_used_as_soon_as_the_file_changes(tmp_path: Path) -> None:
    routes = tmp_path / "routes"
    with sink(tmp_path / "first") as first, sink(tmp_path / "second") as second:
        routes.write_text(f"smtp://127.0.0.1:{first}?tls=off")
        env = environment(tmp_path / "var", ROUTES_FILE=str(routes), WORKERS="1")
        with running(env) as product:
            command(env, "domain", "add", "shop.example", "--trust")
            promises = Promises()
            sender = threading.Thread(target=produce, args=(product, "password_reset", 20, 15, promises, "k"))
            sender.start()
            routes.write_text(f"smtp://127.0.0.1:{second}?tls=off")
            sender.join()
            for message in promises.accepted.values():
                product.wait(message, "sent")
        assert len(promises.accepted) == 300
        assert not promises.wrong
        assert promises.unavailable == 0
        before, after = ((tmp_path / name).read_text().count("\n") for name in ("first", "second"))
    assert before + after == 300
    assert after > 50


@pytest_asyncio.fixture
async def owner(database_dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A superuser's connection, and a role whose password is *one* for the product."""
    connection = await asyncpg.connect(database_dsn)
    await connection.execute(f"create role {ROLE} superuser login password 'one'")
    yield connection
    await connection.execute(f"reassign owned by {ROLE} to current_user")
    await connection.execute(f"drop role {ROLE}")
    await connection.close()


@pytest.mark.slow
@pytest.mark.timeout(180)
async def test_a_new_password_and_a_new_secret_key_are_taken_up_without_a_refused_send(
    owner: "asyncpg.Connection[asyncpg.Record]", database_dsn: str, tmp_path: Path
) -> None:
    address, key = tmp_path / "address", tmp_path / "key"
    address.write_text(_with_password(database_dsn, "one"))
    key.write_text("the first key; which is long enough")
    with sink(tmp_path / "ledger") as port:
        env = environment(
            tmp_path / "var",
            DATABASE_URL_FILE=str(address),
            SECRET_KEY_FILE=str(key),
            ROUTES=f"smtp://127.0.0.1:{port}?tls=off",
            WORKERS="1",
        )
        with running(env) as product:
            command(env, "domain", "add", "shop.example", "--trust")
            promises = Promises()
            sender = threading.Thread(target=produce, args=(product, "password_reset", 10, 20, promises, "k"))
            sender.start()
            before = product.children("posthouse.app.child")
            address.write_text(_with_password(database_dsn, "two"))
            key.write_text("the second key; which is long enough,the first key; which is long enough")
            assert not _renewed(product, before, 8.0)  # the new password is not true yet
            await owner.execute(f"alter role {ROLE} password 'two'")
            assert _renewed(product, before, 60.0)
            sender.join()
            assert promises.unavailable == 0
            await owner.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where usename = $1", ROLE)
            produce(product, "password_reset", 10, 1, promises, "after")
            for message in promises.accepted.values():
                product.wait(message, "sent")
            before = product.children("posthouse.app.child")
            key.write_text("the second key; which is long enough")
            assert _renewed(product, before, 60.0)
            produce(product, "password_reset", 10, 1, promises, "alone")
            for message in promises.accepted.values():
                product.wait(message, "sent")
        assert not promises.wrong
        assert len(promises.accepted) == 220
    assert (tmp_path / "ledger").read_text().count("\n") == 220


def _renewed(product: Product, before: list[int], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while set(product.children("posthouse.app.child")) & set(before):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def _with_password(dsn: str, password: str) -> str:
    return f"postgresql://{ROLE}:{password}@{dsn.partition('@')[2]}"

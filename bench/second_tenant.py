"""Makes another tenant in the database that the environment names and prints its reference; no command does that yet."""

import asyncio
import os

from posthouse.config import load
from posthouse.journeys.opening import Opening, open_store
from posthouse.net.clock import Clock
from posthouse.net.entropy import Entropy
from posthouse.store import tenants


async def main() -> None:
    """One tenant."""
    settings, clock, entropy = load(os.environ), Clock(), Entropy()
    opening = Opening(
        database_url=settings.database_url, data_dir=settings.data_dir, secret_keys=settings.secret_keys, random=entropy.bytes,
        now=clock.now(),
    )  # fmt: skip
    store = await open_store(opening)
    try:
        print((await tenants.create(store.database, "neighbour", clock.now())).ref)
    finally:
        await store.close()


if __name__ == "__main__":
    asyncio.run(main())

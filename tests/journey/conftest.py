"""Products that the journeys share: one that keeps everything in its inbox, one that delivers to scripted hosts.

Whatever the scripted hosts took, of all journeys, must at the end have been fit for the wire and well signed.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from posthouse.testing.fake_mx import FakeMx
from tests.support.on_the_wire import assert_fit
from tests.support.peers import Peers, peers
from tests.support.product import Product, environment, running
from tests.support.signatures import Records, trust


class Home(NamedTuple):
    """A product as it starts with nothing configured: route ``inbox:``. ``records``: DKIM, of the trusted domains."""

    product: Product
    records: Records


class World(NamedTuple):
    """A product that delivers by ``mx:``. ``mx`` is the host of x.test; ``peers`` opens more."""

    product: Product
    peers: Peers
    mx: FakeMx
    records: Records


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    env = environment(tmp_path_factory.mktemp("home") / "var", WORKERS="1")
    with running(env) as product:
        yield Home(product, trust(env, "shop.example", "yoursite.com"))


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with peers() as around:
        mx = around.open("x.test")
        env = environment(
            tmp_path_factory.mktemp("world") / "var",
            ROUTES="mx:",
            DNS=f"127.0.0.1:{around.dns.port}",
            MX_PORT=str(around.port),
            ALLOW_PRIVATE_NETWORKS="on",
            WORKERS="1",
        )
        with running(env) as product:
            shared = World(product, around, mx, trust(env, "shop.example"))
            yield shared
            every = around.everything()
            bulk = [entry for entry in every if entry.recipient.startswith(b"bulk-")]
            assert_fit([entry for entry in every if entry not in bulk] + bulk[::20], shared.records)

"""A secret that changed is used without a restart, and no send is refused meanwhile (contract, "Environment"; G3)."""

import threading
from pathlib import Path

import pytest

from tests.support.onslaught import Promises, produce
from tests.support.product import command, environment, running, sink


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

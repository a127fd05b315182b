"""The command line in processes of its own: exit codes, and commands beside a running ``serve``."""

import json
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.product import Product, command, environment, running

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """A product with an embedded database, ready."""
    with running(environment(tmp_path_factory.mktemp("var"), WORKERS="1")) as product:
        yield product
    if product.process.stdout is not None:
        product.process.stdout.close()


def _refused(env: dict[str, str], *arguments: str) -> str:
    """The one sentence of a command that exits 2."""
    done = command(env, *arguments, check=False)
    assert done.returncode == 2, done
    (line,) = done.stderr.splitlines()
    assert done.stdout == ""
    return line


def test_a_message_sent_by_hand_is_seen_through_to_its_end(product: Product) -> None:
    plain = ("send", "--to", "ada@example.com", "--from", "no@shop.example", "--subject", "Hi", "--text", "Hello")
    seen = json.loads(command(product.env, *plain, "--wait", "20", "--json").stdout)
    assert seen["status"] == "delivered"
    assert seen["deliveries"][0]["attempts"][0]["route"] == "inbox"
    assert product.ask("GET", f"/v1/messages/{seen['id']}")[1]["subject"] == "Hi"
    assert seen["id"] in command(product.env, "messages", "list").stdout
    bounced = command(product.env, "send", "--to", "bounced@simulator.test", *plain[3:], "--wait", "20", check=False)
    assert bounced.returncode == 1
    assert "bounced" in bounced.stdout


def test_the_same_key_by_hand_and_over_http_is_one_message(product: Product) -> None:
    fields = {"to": "ada@example.com", "from": "no@shop.example", "subject": "Hi", "text": "Hello", "dedupeKey": "k:1"}
    sent = product.send(**fields)
    again = command(
        product.env,
        "send",
        "--to",
        "ada@example.com",
        "--from",
        "no@shop.example",
        "--subject",
        "Hi",
        "--text",
        "Hello",
        "--dedupe-key",
        "k:1",
        "--json",
    )
    assert {"id": sent["id"], "duplicate": True}.items() <= json.loads(again.stdout).items()
    other = command(
        product.env,
        "send",
        "--to",
        "ada@example.com",
        "--from",
        "no@shop.example",
        "--text",
        "Other",
        "--dedupe-key",
        "k:1",
        check=False,
    )
    assert other.returncode == 1
    assert "idempotency_conflict" in other.stderr


def test_a_key_made_by_hand_works_at_once_and_not_after_it_was_revoked(product: Product) -> None:
    made = json.loads(command(product.env, "key", "create", "--json").stdout)
    assert product.ask("GET", "/v1/messages", key=made["key"])[0] == 200
    assert json.loads(command(product.env, "key", "revoke", made["id"], "--json").stdout)["revoked"]


def test_doctor_finds_a_running_product_in_order(product: Product) -> None:
    report = json.loads(command(product.env, "doctor", "--json").stdout)
    assert report["ok"]
    assert {"check": "worker", "level": "ok"}.items() <= next(
        one for one in report["findings"] if one["check"] == "worker"
    ).items()


def test_the_exported_authority_vouches_for_starttls(product: Product) -> None:
    client = ssl.create_default_context(cadata=command(product.env, "doctor", "--ca").stdout)
    with socket.create_connection(product.smtp, timeout=10) as plain:
        plain.recv(1000)
        plain.sendall(b"EHLO me\r\n")
        plain.recv(4000)
        plain.sendall(b"STARTTLS\r\n")
        assert plain.recv(1000).startswith(b"220")
        with client.wrap_socket(plain, server_hostname="127.0.0.1") as secured:
            assert secured.version() in {"TLSv1.2", "TLSv1.3"}


def test_a_second_serve_on_one_directory_is_refused(product: Product) -> None:
    assert product.env["POSTHOUSE_DATA_DIR"] in _refused(product.env, "serve")


def test_a_port_in_use_is_refused_by_its_name(product: Product, tmp_path: Path) -> None:
    host, port = product.http
    assert str(port) in _refused(environment(tmp_path, HTTP=f"{host}:{port}"), "serve")


def test_init_beside_a_running_product_exits_3(product: Product) -> None:
    assert command(product.env, "init", "--json", check=False).returncode == 3


def test_a_command_starts_the_database_for_its_own_length(tmp_path: Path) -> None:
    env = environment(tmp_path / "var")
    assert json.loads(command(env, "init", "--json").stdout)["tenant"]
    assert json.loads(command(env, "domain", "add", "shop.example", "--trust", "--json").stdout)["status"] == "trusted"
    assert [one["name"] for one in json.loads(command(env, "domain", "list", "--json").stdout)["data"]] == ["shop.example"]
    alone = command(
        env, "send", "--to", "ada@example.com", "--from", "no@shop.example", "--text", "Hi", "--wait", "30", check=False
    )
    assert alone.returncode == 1
    assert "No worker is running" in alone.stderr
    assert not (tmp_path / "var" / "postgres" / "cluster" / "postmaster.pid").exists()
    assert "secret key" in _refused(env | {"POSTHOUSE_SECRET_KEY": "wrong"}, "serve").lower()


def test_what_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert str(tmp_path / "file") in _refused(environment(tmp_path / "file" / "var"), "serve")
    assert "POSTHOUSE_HTTP" in _refused(environment(tmp_path, HTTP="8025"), "serve")
    assert "--roles" in _refused(environment(tmp_path), "serve", "--roles", "postman")

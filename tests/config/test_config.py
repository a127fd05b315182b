"""What the environment is read as, and what a person is told when it is wrong."""

import contextlib
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse import config
from posthouse.config import ConfigError, Listen, RouteSetting, load
from posthouse.mail.address import parse_mailbox
from posthouse.mail.return_path import token
from posthouse.model.limits import CONTRACT
from posthouse.model.mailbox import Mailbox


def _faults(**environ: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load({f"POSTHOUSE_{name}": value for name, value in environ.items()})
    return caught.value.faults


def _route(text: str) -> RouteSetting:
    (route,) = load({"POSTHOUSE_ROUTES": text}).routes
    return route


def test_nothing_set_is_the_contracts_defaults() -> None:
    settings = load({})
    assert settings.database_url is None
    assert settings.data_dir == Path("var").absolute()
    assert settings.http == Listen("127.0.0.1", 8025)
    assert settings.smtp == Listen("127.0.0.1", 2525)
    assert settings.smtps is None
    assert settings.inbound is None
    assert settings.routes == (RouteSetting("inbox"),)
    assert settings.mx_port == 25
    assert settings.workers >= 1
    assert settings.secret_keys == ()
    assert settings.allow_private_networks is False


def test_an_empty_variable_counts_as_unset() -> None:
    assert load({setting.name: "" for setting in config.SETTINGS}) == load({})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.0.0.0:0", Listen("0.0.0.0", 0)),
        ("[::1]:2525", Listen("::1", 2525)),
        ("[::]:25", Listen("::", 25)),
        ("localhost:1", Listen("localhost", 1)),
        ("off", None),
        ("OFF", None),
    ],
)
def test_a_listener_is_host_and_port_or_off(text: str, expected: Listen | None) -> None:
    assert load({"POSTHOUSE_SMTP": text}).smtp == expected


@pytest.mark.parametrize(
    "text",
    [
        "8025",
        ":8025",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "::1:25",
        "[127.0.0.1]:25",
        "a b:25",
        "999.1.1.1:25",
        "*:25",
        "h:२५",
        "h:2_5",
    ],
)
def test_a_wrong_listener_is_named_with_what_to_write(text: str) -> None:
    (fault,) = _faults(SMTP=text)
    assert fault.startswith("POSTHOUSE_SMTP is ")
    assert fault.endswith(".")


def test_an_address_reads_back_as_it_was_written() -> None:
    assert [str(load({"POSTHOUSE_HTTP": text}).http) for text in ("[::1]:25", "10.0.0.1:0")] == ["[::1]:25", "10.0.0.1:0"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:5353", Listen("127.0.0.1", 5353)),
        ("9.9.9.9", Listen("9.9.9.9", 53)),
        ("[::1]", Listen("::1", 53)),
        ("[::1]:54", Listen("::1", 54)),
        ("localhost:54", Listen("127.0.0.1", 54)),
    ],
)
def test_a_nameservers_port_is_53_unless_it_is_said(text: str, expected: Listen) -> None:
    assert load({"POSTHOUSE_DNS": text}).dns == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mx:", RouteSetting("mx")),
        ("resend:", RouteSetting("resend")),
        ("smtp://127.0.0.1:2526", RouteSetting("smtp", "127.0.0.1", 2526)),
        ("smtp://relay.example", RouteSetting("smtp", "relay.example", 25)),
        ("smtp://u:p@relay.example", RouteSetting("smtp", "relay.example", 587, "u", "p", tls="required")),
        ("smtp://u:p@127.0.0.1:25", RouteSetting("smtp", "127.0.0.1", 25, "u", "p")),
        ("smtp://u:p@localhost:25", RouteSetting("smtp", "localhost", 25, "u", "p")),
        ("smtp://u:p@[::1]:25", RouteSetting("smtp", "::1", 25, "u", "p")),
        ("smtp://u:p@relay.example?tls=off", RouteSetting("smtp", "relay.example", 587, "u", "p", tls="off")),
        ("smtp://relay.example?tls=required", RouteSetting("smtp", "relay.example", 25, tls="required")),
        ("smtps://u:p@relay.example", RouteSetting("smtps", "relay.example", 465, "u", "p", tls="required")),
        ("smtps://127.0.0.1", RouteSetting("smtps", "127.0.0.1", 465, tls="required")),
        ("smtp://h:25?dkim=off&returnPath=from", RouteSetting("smtp", "h", 25, dkim=False, return_path_from=True)),
        (
            "smtp://me%40shop.example:a%2Cb%2F%3A%23%3F@h:25?tls=off",
            RouteSetting("smtp", "h", 25, "me@shop.example", "a,b/:#?", tls="off"),
        ),
    ],
)
def test_a_route_is_read_as_the_contract_says(text: str, expected: RouteSetting) -> None:
    assert _route(text) == expected


def test_routes_keep_their_order() -> None:
    names = [route.name for route in load({"POSTHOUSE_ROUTES": "smtp://u:p@h:25, mx:, inbox:, smtp://[::1]:26"}).routes]
    assert names == ["smtp://h:25", "mx", "inbox", "smtp://[::1]:26"]


@pytest.mark.parametrize(
    "text",
    [
        "mx",
        "mx:h",
        "carrier-pigeon:",
        "smtp:",
        "smtp://",
        "smtp://:25",
        "smtp://h:0",
        "smtp://h:x",
        "smtp://h:70000",
        "smtp://h/x",
        "smtp://h#x",
        "inbox:,",
        ",",
        "smtp://h?tls=maybe",
        "smtp://h?tsl=off",
        "smtp://h?dkim=on",
        "smtp://u:hunter2/x@h:25",
        "smtp://u:hunter2,x@h:25",
        "smtp://u:hunter2%0d%0a@h:25",
        "http://h",
    ],
)
def test_a_wrong_route_is_told_by_its_number_and_never_by_its_password(text: str) -> None:
    (fault,) = _faults(ROUTES=f"inbox:,{text}")
    assert "route number " in fault
    assert "hunter2" not in fault


@given(st.text(max_size=60))
def test_no_text_of_a_route_makes_it_crash(text: str) -> None:
    with contextlib.suppress(ConfigError):
        assert load({"POSTHOUSE_ROUTES": text}).routes


@pytest.mark.parametrize("text", ["ops@example.com", "o.p-s+mail@xn--bcher-kva.example", "Ops@Example.com"])
def test_the_operator_is_an_address_that_mail_can_go_to(text: str) -> None:
    operator = load({"POSTHOUSE_OPERATOR": text}).operator
    assert operator == text
    assert isinstance(parse_mailbox(operator), Mailbox)
    assert load({}).operator is None


@pytest.mark.parametrize(
    "text",
    ["ops", "@example.com", "ops@", "Ops <ops@example.com>", "a..b@example.com", "ops@exa_mple.com", "a@b@c.test", "ö@x.test"],
)
def test_what_is_no_address_is_no_operator(text: str) -> None:
    (fault,) = _faults(OPERATOR=text)
    assert fault.startswith("POSTHOUSE_OPERATOR is ")
    assert "write an address such as" in fault


def test_everything_wrong_is_told_at_once() -> None:
    faults = _faults(
        HTTP="x",
        WORKERS="0",
        MX_PORT="port",
        PUBLIC_URL="mail",
        ALLOW_PRIVATE_NETWORKS="maybe",
        HOSTNAME="a_b",
        DATABASE_URL="mysql://h",
        SECRET_KEY="a,,b",
    )
    assert [fault.split()[0].removeprefix("POSTHOUSE_") for fault in faults] == [
        "DATABASE_URL",
        "HTTP",
        "HOSTNAME",
        "MX_PORT",
        "SECRET_KEY",
        "PUBLIC_URL",
        "WORKERS",
        "ALLOW_PRIVATE_NETWORKS",
    ]


def test_a_secret_never_shows(tmp_path: Path) -> None:
    environ = {
        "POSTHOUSE_DATABASE_URL": "postgresql://u:hunter2@h/d",
        "POSTHOUSE_SECRET_KEY": "hunter2",
        "POSTHOUSE_ROUTES": "smtp://u:hunter2@h:25",
    }
    assert "hunter2" not in repr(load(environ)) + repr(config.shown(environ))
    assert "hunter2" not in str(_faults(DATABASE_URL="hunter2", SECRET_KEY="hunter2,,", ROUTES="hunter2:"))


def test_two_secret_keys_rotate() -> None:
    assert load({"POSTHOUSE_SECRET_KEY": "new, old"}).secret_keys == ("new", "old")


@pytest.mark.parametrize("name", ["POSTHOUSE_SECRET_KEY", "POSTHOUSE_DATABASE_URL", "POSTHOUSE_ROUTES"])
def test_a_secret_may_stand_in_a_file(tmp_path: Path, name: str) -> None:
    values = {"POSTHOUSE_SECRET_KEY": "k", "POSTHOUSE_DATABASE_URL": "postgresql://h/d", "POSTHOUSE_ROUTES": "mx:"}
    (tmp_path / "secret").write_text(values[name] + "\n")
    environ = {f"{name}_FILE": str(tmp_path / "secret")}
    assert load(environ) == load({name: values[name]})
    assert config.secret_files(environ) == (tmp_path / "secret",)
    assert {row.source for row in config.shown(environ) if row.name == name} == {f"file {tmp_path / 'secret'}"}


def test_a_secrets_file_that_cannot_serve_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "bytes").write_bytes(b"\xff")
    for name in ("empty", "missing", "bytes"):
        (fault,) = _faults(SECRET_KEY_FILE=str(tmp_path / name))
        assert f"{tmp_path}/{name}" in fault
    assert "keep one" in _faults(SECRET_KEY_FILE=str(tmp_path / "empty"), SECRET_KEY="k")[0]


def test_certificate_and_key_belong_together(tmp_path: Path) -> None:
    (tmp_path / "pem").write_text("")
    assert _faults(TLS_CERT=str(tmp_path / "pem")) == (
        "POSTHOUSE_TLS_CERT and POSTHOUSE_TLS_KEY belong together; set both or neither.",
    )
    assert len(_faults(TLS_CERT=str(tmp_path / "none"), TLS_KEY=str(tmp_path))) == 2


def test_a_misspelt_setting_is_told_with_the_nearest_name() -> None:
    assert config.unknown({"POSTHOUSE_WORKER": "2"}) == (
        "POSTHOUSE_WORKER is no setting and is ignored; the nearest is POSTHOUSE_WORKERS.",
    )
    assert config.unknown({"POSTHOUSE_QQQQ": "2"}) == ("POSTHOUSE_QQQQ is no setting and is ignored.",)


@pytest.mark.parametrize(
    "name",
    [
        "POSTHOUSE_RESEND_WEBHOOK_SECRET",
        "POSTHOUSE_SES_WEBHOOK_SECRET_FILE",
        "POSTHOUSE_MAILGUN_URL",
        "POSTHOUSE_SECRET_KEY_FILE",
        "PATH",
    ],
)
def test_known_names_are_no_strangers(name: str) -> None:
    assert config.unknown({name: "x"}) == ()


def test_a_switch_understands_the_usual_words() -> None:
    words = {"on": True, "TRUE": True, "1": True, "yes": True, "off": False, "0": False, "no": False, "False": False}
    assert {word: load({"POSTHOUSE_ALLOW_PRIVATE_NETWORKS": word}).allow_private_networks for word in words} == words


def test_trusted_proxies_are_networks_and_by_default_none() -> None:
    assert load({}).trusted_proxies == ()
    found = load({"POSTHOUSE_TRUSTED_PROXIES": "10.0.0.0/8, 127.0.0.1,fd00::/8"}).trusted_proxies
    assert [str(network) for network in found] == ["10.0.0.0/8", "127.0.0.1/32", "fd00::/8"]


@pytest.mark.parametrize("text", ["proxy.example", "10.0.0.1/8", "10.0.0.0/8,", "10.0.0.0/33"])
def test_what_is_no_network_is_no_trusted_proxy(text: str) -> None:
    (fault,) = _faults(TRUSTED_PROXIES=text)
    assert fault.startswith("POSTHOUSE_TRUSTED_PROXIES names ")
    assert "write networks such as 10.0.0.0/8" in fault


def test_the_public_address_has_no_slash_at_its_end() -> None:
    assert load({"POSTHOUSE_PUBLIC_URL": "https://mail.example.com/post/"}).public_url == "https://mail.example.com/post"


def test_every_setting_is_read_and_every_one_read_is_a_setting() -> None:
    asked: set[str] = set()

    class Listening(dict[str, str]):
        def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
            asked.add(name)
            return default

    load(Listening())
    assert {name for name in asked if not name.endswith("_FILE")} == {setting.name for setting in config.SETTINGS}


def test_the_reference_page_names_every_setting_with_its_default_and_meaning() -> None:
    page = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in page.splitlines()
        if line.startswith("| `POSTHOUSE_")
    ]
    written = {cells[0].strip("`"): (cells[1], cells[2]) for cells in rows if "<" not in cells[0]}
    assert written == {setting.name: (setting.default, setting.meaning) for setting in config.SETTINGS}


def test_a_nameserver_whose_name_nobody_knows_is_told() -> None:
    (fault,) = _faults(DNS="nameserver.invalid:53")
    assert "nameserver.invalid" in fault


def test_limits_are_the_contracts_unless_they_are_set() -> None:
    assert load({}).limits == CONTRACT


@pytest.mark.parametrize(
    ("name", "text", "field", "expected"),
    [
        ("MESSAGE", "10MB", "message_bytes", 10 << 20),
        ("MESSAGE", "100000", "message_bytes", 100_000),
        ("HTML", "512 kb", "html_bytes", 512 << 10),
        ("RECIPIENTS", "200", "recipients", 200),
        ("ATTACHMENTS", "0", "attachments", 0),
        ("BATCH_ITEMS", "5000", "batch_items", 5000),
        ("HEADER", "100B", "header_bytes", 100),
        ("SEND_AT_DAYS", "7", "send_at_days", 7),
    ],
)
def test_a_limit_is_a_count_or_a_size(name: str, text: str, field: str, expected: int) -> None:
    assert getattr(load({f"POSTHOUSE_LIMIT_{name}": text}).limits, field) == expected


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("MESSAGE", "51MB", "is '51MB'; write a size from 64KB to 50MB, such as 512KB or 2MB."),
        ("MESSAGE", "1GB", "is '1GB'; write a size from 64KB to 50MB, such as 512KB or 2MB."),
        ("HTML", "-1", "is '-1'; write a size from 1KB to 4MB, such as 512KB or 2MB."),
        ("HEADER", "99", "is '99'; write a size from 100 to 8KB, such as 512KB or 2MB."),
        ("RECIPIENTS", "0", "is '0'; write a number from 1 to 256."),
        ("TAGS", "many", "is 'many'; write a number from 0 to 50."),
        ("SEND_AT_DAYS", "91", "is '91'; write a number from 1 to 90."),
    ],
)
def test_a_limit_out_of_bounds_is_named_with_what_to_write(name: str, text: str, told: str) -> None:
    assert _faults(**{f"LIMIT_{name}": text}) == (f"POSTHOUSE_LIMIT_{name} {told}",)


def test_every_recipient_that_may_be_set_has_a_return_path() -> None:
    most = load({"POSTHOUSE_LIMIT_RECIPIENTS": "256"}).limits.recipients
    assert token(b"k" * 32, 1, 1, UUID(int=1), most - 1)
    with pytest.raises(ValueError, match="8 of position"):
        token(b"k" * 32, 1, 1, UUID(int=1), most)

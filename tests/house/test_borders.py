"""Who may do what: SQL, the environment, time, chance and the catching of everything each have one home.

Every exception to a rule stands in a table here, with its reason; an entry that is no longer needed fails too.
"""

import ast
import re
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.house.tree import called, dotted, owner, places, product
from tools.source import Module

SQL: Final = re.compile(
    r"^\s*(select\s+(\*|\w+\(|[\w.]+\s*(,|\sas\s|\sfrom\s))|insert\s+into\s"
    r"|update\s+\S+\s+(\w+\s+)?set\s|delete\s+from\s|with\s+(recursive\s+)?\w+\s+as\s"
    r"|(create|alter|drop)\s+(table|index|role|database|schema)\s)",
    re.IGNORECASE | re.DOTALL,
)
RUNS_SQL: Final = frozenset({"execute", "executemany", "fetch", "fetchrow", "fetchval", "prepare", "cursor", "fetchmany"})
CLOCKS: Final = re.compile(
    r"^(datetime\.)?(datetime|date)\.(now|utcnow|today)$"
    r"|^time\.(time|monotonic|perf_counter|process_time|localtime|gmtime)(_ns)?$"
)
CHANCE: Final = re.compile(r"^os\.urandom$|^random\.|^secrets\.|^(uuid\.)?uuid[14]$")
SECRET: Final = re.compile(r"(^|_)(secret|digest|password|passphrase|signature|hmac|token|mac)s?$", re.IGNORECASE)

# Where everything may be caught, and why the caller could do nothing better (ARCHITECTURE.md, "Errors").
CATCHES_EVERYTHING: Final = {
    "src/posthouse/app/roles/fanout.py:_keep_time": "a clock that cannot be read now is read later; anything else is raised",
    "src/posthouse/app/roles/fanout.py:_listen": "fan-out: whatever it was, hearing again is the answer; the poll covers the gap",
    "src/posthouse/app/runtime/child_store.py:connect_store": "a child waits for a database that is away; anything else is raised",
    "src/posthouse/app/runtime/child_store.py:prepare_statements": "nobody waits yet and the first use does it too; anything but an absence is raised",
    "src/posthouse/app/supervisor/serve.py:_sweep_now": "supervisor: the sweep of the next second tries again",
    "src/posthouse/doors/http/application.py:__call__": "door: every request gets an answer, a bug gets a 500 with its request id",
    "src/posthouse/doors/smtp/session.py:_authenticate": "door: every session gets a reply, a bug gets a 451",
    "src/posthouse/doors/smtp/session.py:_reply_to": "door: every message gets a reply, a bug gets a 451",
    "src/posthouse/store/postgres/hang_watch.py:watch_for_hangs": "the watch goes on, whatever kept it from asking; what it is for is in the log",
    "src/posthouse/pipeline/deliver/claims.py:write_settlements": "worker: what was delivered is not forgotten while the database is away; anything else is raised",
    "src/posthouse/pipeline/accept/notify_workers.py:_notify": "a NOTIFY is a hint; the poll finds the rest",
    "src/posthouse/pipeline/batching.py:_batch": "one bad row must not fail its neighbours; each waiting caller gets the exception",
    "src/posthouse/doors/tracking/link_endpoints.py:_find_link": "a reader is sent on while the database is away; anything else is raised",
    "src/posthouse/doors/tracking/link_endpoints.py:_record_if_possible": "a reader is sent on while the database is away; anything else is raised",
    "src/posthouse/pipeline/feedback/loop.py:_take_hook": "one provider's call must not stop the others; it is tried again, then given up",
    "src/posthouse/pipeline/feedback/loop.py:_take_mail": "one report must not stop the others; it is tried again, then given up",
    "src/posthouse/pipeline/deliver/deliver.py:_attempt": "worker: a bug in a transport must not take the other deliveries with it",
    "src/posthouse/pipeline/webhooks/dispatcher.py:_run_worker": "fan-out loop: one endpoint must not end the others; a lease runs out by itself",
    "src/posthouse/pipeline/webhooks/settlement.py:build_settler": "fan-out: what was delivered is not forgotten while the database is away; anything else is raised",
    "src/posthouse/ops/readiness.py:_ask_database": "an unreachable database is an answer here; anything else is raised",
    "src/posthouse/pipeline/loops.py:run_until": "a loop outlives the database's absence and its own bugs",
    "src/posthouse/pipeline/deliver/worker.py:_guard": "worker loop: a delivery that could not be settled must not end the worker",
    "src/posthouse/pipeline/deliver/worker.py:_start": "worker loop: a message that cannot be built must not stop its neighbours",
}
OWN_CLOCK: Final = {
    "src/posthouse/net/clock.py": "the clock itself",
    "src/posthouse/testing/fake_mx_session.py:_dot": "a stranger's server has its own clock; latencies are measured against it",
}
READS_ENVIRONMENT: Final = {
    "src/posthouse/__main__.py": "hands it to config",
    "src/posthouse/app/child.py:main": "hands it to config, and tells prometheus_client its folder, which it knows no other way",
}
# Who speaks HTTP to others: one way out, with its checks (S-17). What an application imports runs on its own machine.
SPEAKS_HTTP: Final = {
    "src/posthouse/net/http/connection.py": "the one way out, which net.http.client judges addresses for",
}
HTTP_MODULES: Final = frozenset(
    {"aiohttp", "h11", "h2", "http.client", "httpcore", "httpx", "requests", "urllib.request", "urllib3"}
)
OPENS_SOCKETS: Final = re.compile(r"(^|\.)(open_connection|create_connection|open_unix_connection|sock_connect|urlopen)$")
# SQL whose text is put together where it runs: what cannot be a parameter, made from constants of ours.
MADE_SQL: Final[dict[str, str]] = {}
# Comparisons of what looks like a secret and is none.
NOT_SECRET: Final = {
    "src/posthouse/templates/language/source.py:_open_block": "a token of the template language",
    "src/posthouse/templates/language/source.py:_name_of": "a token of the template language",
    "src/posthouse/mail/link.py:read": "one form only: a token is compared with its own decoding, before its MAC is",
    "src/posthouse/providers/ses/hooks.py:verify": "the topic's name is configured, and no secret",
    "src/posthouse/pipeline/deliver/rebuild.py:rebuild": "the digest of a message, compared with the one on record",
    "src/posthouse/admin/rerender.py:is_same": "the digest of a rendering, compared with the one on record",
    "src/posthouse/admin/template_push.py:_same": "the digest of a template's words, compared with those of a version",
}

# A database session is lent by ``Database.session`` and ``Database.transaction``. Outside the store it is handed on, and asked
# nothing.
ASKS_THE_DATABASE: Final = frozenset({
    "acquire", "add_listener", "copy_from_table", "copy_records_to_table", "copy_to_table", "cursor", "execute", "executemany", "fetch",
    "fetchmany", "fetchrow", "fetchval", "prepare", "set_type_codec",
})  # fmt: skip
SESSION: Final = re.compile(r"(^|_)(session|connection|conn|pool|database|transaction)$")
CONNECTION: Final = re.compile(r"\b(asyncpg|Connection\[Record\]|PoolConnectionProxy)\b")
# Where a session is asked something outside the store. To be emptied.
ASKS_A_SESSION: Final[dict[str, str]] = {}
# Doors that change something themselves instead of calling admin/ or pipeline/. To be emptied: what several rows need at once is
# a use case.
OPENS_TRANSACTIONS: Final[dict[str, str]] = {}

Finder = Callable[[Module], Iterator[int]]


def constants(module: Module) -> Iterator[tuple[int, str]]:
    """Every string that is no docstring."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def sql(module: Module) -> Iterator[int]:
    return (line for line, text in constants(module) if SQL.match(text))


def environment(module: Module) -> Iterator[int]:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and dotted(node) in {"os.environ", "os.environb", "os.getenv"}:
            yield node.lineno
        if (
            isinstance(node, ast.ImportFrom)
            and node.module == "os"
            and {"environ", "getenv"} & {name.name for name in node.names}
        ):
            yield node.lineno


def clocks(module: Module) -> Iterator[int]:
    return (node.lineno for node in references(module) if CLOCKS.match(dotted(node)))


def chance(module: Module) -> Iterator[int]:
    return (node.lineno for node in references(module) if CHANCE.match(dotted(node)))


def references(module: Module) -> Iterator[ast.expr]:
    return (node for node in ast.walk(module.tree) if isinstance(node, ast.Attribute | ast.Name))


def catches_everything(module: Module) -> Iterator[int]:
    """Handlers that may swallow anything; one that ends by raising does not."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and broad(node.type) and not isinstance(node.body[-1], ast.Raise):
            yield node.lineno
        if isinstance(node, ast.Call) and called(node).endswith("suppress") and any(broad(each) for each in node.args):
            yield node.lineno


def broad(caught: ast.expr | None) -> bool:
    if isinstance(caught, ast.Tuple):
        return any(broad(each) for each in caught.elts)
    return caught is None or dotted(caught) in {"Exception", "BaseException"}


def made_sql(module: Module) -> Iterator[int]:
    """A statement that is put together in the call that runs it."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and called(node).rpartition(".")[2] in RUNS_SQL and node.args and is_made(node.args[0]):
            yield node.lineno


def is_made(argument: ast.expr) -> bool:
    if isinstance(argument, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in argument.values)
    if isinstance(argument, ast.BinOp):
        return not all(isinstance(side, ast.Constant) for side in (argument.left, argument.right))
    return isinstance(argument, ast.Call) and called(argument).endswith((".format", ".replace", ".join"))


def compared_secrets(module: Module) -> Iterator[int]:
    """``==`` takes longer the more agrees; ``hmac.compare_digest`` does not."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Compare) and any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
            sides = [dotted(side).rpartition(".")[2] for side in (node.left, *node.comparators)]
            if any(SECRET.search(side) for side in sides):
                yield node.lineno


def speaks_http(module: Module) -> Iterator[int]:
    """Imports of what carries requests."""
    for node in ast.walk(module.tree):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        names += [f"{node.module}.{each.name}" for each in node.names] if isinstance(node, ast.ImportFrom) else []
        names += [each.name for each in node.names] if isinstance(node, ast.Import) else []
        if any(name == each or name.startswith(f"{each}.") for name in names for each in HTTP_MODULES):
            yield getattr(node, "lineno", 0)


def opens_sockets(module: Module) -> Iterator[int]:
    return (node.lineno for node in ast.walk(module.tree) if isinstance(node, ast.Call) and OPENS_SOCKETS.search(called(node)))


def names_a_connection(module: Module) -> Iterator[int]:
    """The driver, or its connection as a type, also as text in an annotation."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and CONNECTION.search(ast.unparse(node)):
            yield node.lineno
    yield from (line for line, text in constants(module) if CONNECTION.search(text))


def asks_a_session(module: Module) -> Iterator[int]:
    """SQL verbs on what is called a session or a connection to the database, or was lent as one; only who imports the store can
    have one.
    """
    if "posthouse.store" not in module.text:
        return
    names = lent(module)
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ASKS_THE_DATABASE:
            asked = dotted(node.func.value).rpartition(".")[2]
            if asked in names or SESSION.search(asked):
                yield node.lineno


def lent(module: Module) -> set[str]:
    """The names in ``async with database.session() as name``."""
    items = [item for node in ast.walk(module.tree) if isinstance(node, ast.AsyncWith) for item in node.items]
    return {
        item.optional_vars.id
        for item in items
        if isinstance(item.optional_vars, ast.Name)
        and isinstance(item.context_expr, ast.Call)
        and called(item.context_expr).endswith((".session", ".transaction"))
    }


def opens_transactions(module: Module) -> Iterator[int]:
    for node in ast.walk(module.tree):
        if module.room == "doors" and isinstance(node, ast.Call) and called(node).endswith(".transaction"):
            yield node.lineno


RULES: Final[dict[str, tuple[Finder, frozenset[str], dict[str, str]]]] = {
    "SQL stands only in store": (sql, frozenset({"store"}), {}),
    "only config reads the environment": (environment, frozenset({"config"}), READS_ENVIRONMENT),
    "only net's clock knows the time": (clocks, frozenset(), OWN_CLOCK),
    "only net's entropy is chance": (chance, frozenset(), {"src/posthouse/net/entropy.py": "chance itself"}),
    "everything is caught only where a reason is given": (catches_everything, frozenset(), CATCHES_EVERYTHING),
    "SQL is not put together where it runs": (made_sql, frozenset(), MADE_SQL),
    "only net's http asks other HTTP servers": (speaks_http, frozenset({"client", "testing"}), SPEAKS_HTTP),
    "only net opens connections to others": (opens_sockets, frozenset({"net", "client", "testing"}), {}),
    "secrets are compared in constant time": (compared_secrets, frozenset(), NOT_SECRET),
    "only the store names a connection": (names_a_connection, frozenset({"store"}), {}),
    "only the store asks the database": (asks_a_session, frozenset({"store"}), ASKS_A_SESSION),
    "doors open no transaction": (opens_transactions, frozenset(), OPENS_TRANSACTIONS),
}


@pytest.mark.parametrize("rule", RULES)
def test_the_rule_holds(rule: str) -> None:
    find, rooms, allowed = RULES[rule]
    found = [
        (owner(module, line), f"{module.place}:{line} in {owner(module, line)}")
        for module in product()
        if module.room not in rooms
        for line in find(module)
    ]
    broken = [where for key, where in found if key not in allowed and key.partition(":")[0] not in allowed]
    assert not broken, f"{rule}:{places(broken)}"


@pytest.mark.parametrize("rule", RULES)
def test_every_exception_to_the_rule_is_needed_and_has_a_reason(rule: str) -> None:
    find, _, allowed = RULES[rule]
    used = {owner(module, line) for module in product() for line in find(module)}
    used |= {key.partition(":")[0] for key in used}
    idle = [key for key, reason in allowed.items() if key not in used or not reason]
    assert not idle, places(idle)

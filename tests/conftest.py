"""What every test may ask for: the loop the product runs on, Hypothesis as this house sets it, strangers from Debian."""

import os
import signal
from collections.abc import Callable, Generator, Mapping
from pathlib import Path

import pytest
import uvloop
from hypothesis import HealthCheck, settings

from posthouse.app.runtime.descriptors import keep_to_ourselves
from tests.support import tools

pytest_plugins = ["tests.support.postgres"]

settings.register_profile("house", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

MISSING = pytest.StashKey[dict[str, str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Begin the list of strangers that could not be had; forget the shell's settings; keep a browser's traces in here.

    A job in the background is started with SIGINT ignored, and perhaps with open files: neither may reach what the tests start.
    """
    config.stash[MISSING] = {}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    keep_to_ourselves()
    for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME"):
        os.environ[name] = str(config.rootpath / ".cache" / "xdg")
    for name in [name for name in os.environ if name.startswith("POSTHOUSE_") and not name.startswith("POSTHOUSE_TEST_")]:
        del os.environ[name]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], uvloop.Loop]]:
    """The product runs on uvloop, so its tests do."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever asks for a stranger is marked, so that `make check` needs none."""
    for item in items:
        if "debian_tool" in getattr(item, "fixturenames", ()):
            item.add_marker("referee")


@pytest.fixture(scope="session")
def debian_tool(request: pytest.FixtureRequest) -> Callable[[str], Path]:
    """Where a program from Debian's packages stands; skips the test, loudly at the end, where it cannot be had."""

    def find(name: str) -> Path:
        found = tools.find(name)
        if found is None:
            request.config.stash[MISSING][name] = tools.TOOLS[name].package
            pytest.skip(f"{name} (Debian's {tools.TOOLS[name].package}) is not here; `make tools` fetches it")
        return found

    return find


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a referee that is missing is a failure."""
    if session.config.stash[MISSING] and os.environ.get("CI") and exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> Generator[None]:
    """Print the one loud line, between pytest's short summary and its last line."""
    yield
    missing = config.stash[MISSING]
    if missing:
        names = ", ".join(f"{name} (package {package})" for name, package in sorted(missing.items()))
        verdict = "the run fails, because CI is set" if os.environ.get("CI") else "their tests were skipped"
        terminalreporter.write_line(f"!!! MISSING REFEREES: {names}: {verdict} !!!", red=True, bold=True)

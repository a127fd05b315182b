"""The lock: every package with its hashes, nothing that names an index, nothing that pyproject does not ask for."""

import re
import tomllib
from typing import Final

import pytest

from tests.house.tree import document, places

LOCKS: Final = ("run", "build", "dev")
PIN: Final = re.compile(
    r"^([a-z0-9][a-z0-9.-]*)==(\S+)((?: ; [^\\\n]+)?)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$", re.MULTILINE
)


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(lock: str) -> dict[str, set[str]]:
    """Versions by package; more than one where markers choose."""
    found: dict[str, set[str]] = {}
    for name, version, _, _ in PIN.findall(document(f"requirements/{lock}.txt")):
        found.setdefault(name, set()).add(version)
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_is_a_pin_with_hashes(lock: str) -> None:
    rest = PIN.sub("", document(f"requirements/{lock}.txt"))
    unexpected = [line for line in rest.splitlines() if line.strip() and not line.startswith("#")]
    assert not unexpected, places(unexpected)


@pytest.mark.parametrize("lock", LOCKS)
def test_no_line_names_an_index(lock: str) -> None:
    assert not re.search(r"https?:|--(extra-)?index|--find-links|--trusted-host", document(f"requirements/{lock}.txt"))


def test_what_is_asked_for_is_locked() -> None:
    project = tomllib.loads(document("pyproject.toml"))
    asked = {"run": project["project"]["dependencies"], **project["dependency-groups"]}
    missing = [f"{lock}: {name}" for lock in LOCKS for name in asked[lock] if normal(name) not in pins(lock)]
    assert not missing, places(missing)


def test_the_locks_agree_with_one_another() -> None:
    versions: dict[str, set[frozenset[str]]] = {}
    for lock in LOCKS:
        for name, found in pins(lock).items():
            versions.setdefault(name, set()).add(frozenset(found))
    apart = [f"{name}: {sorted(map(sorted, found))}" for name, found in versions.items() if len(found) > 1]
    assert not apart, places(apart)

"""How modules and folders hang together: every public class name once, no circles; the tree is shallow."""

from pathlib import PurePosixPath
from typing import Final

from tests.house.tree import places, product
from tools.shape import classes_twice
from tools.source import circles, folder_imports, imports

DEEPEST: Final = 3  # folders below src/posthouse
# Public class names that may stand in more than one place, and why.
TWICE: Final[dict[str, str]] = {}


def test_a_public_class_name_stands_once() -> None:
    twice = [f"{name}: {', '.join(where)}" for name, where in classes_twice(product()).items() if name not in TWICE]
    assert not twice, places(twice)


def test_every_class_name_that_may_stand_twice_does_and_has_a_reason() -> None:
    idle = [name for name, reason in TWICE.items() if name not in classes_twice(product()) or not reason]
    assert not idle, places(idle)


def test_modules_do_not_import_in_circles() -> None:
    found = [" ".join(circle) for circle in circles(imports(product()))]
    assert not found, places(found)


def test_folders_do_not_import_in_circles() -> None:
    found = [" ".join(circle) for circle in circles(folder_imports(product()))]
    assert not found, places(found)


def test_the_tree_is_at_most_three_folders_deep() -> None:
    paths = [PurePosixPath(module.place).relative_to("src/posthouse") for module in product()]
    deep = [str(path) for path in paths if len(path.parent.parts) > DEEPEST]
    assert not deep, places(deep)

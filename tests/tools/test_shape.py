"""Figures are counted as they are described."""

import ast
import json
from pathlib import Path

import pytest

from tools.shape import Spread, classes_twice, comment_lines, count_parameters, docstring_lines, main, measure, spread
from tools.source import Function, Module, circles, folder_imports, imports, product


def tree(root: Path, files: dict[str, str]) -> tuple[Module, ...]:
    for place, text in {"__init__.py": "", **files}.items():
        path = root / "src" / "posthouse" / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        for folder in path.relative_to(root / "src").parents:
            (root / "src" / folder / "__init__.py").touch()
    (root / "src" / "__init__.py").unlink(missing_ok=True)
    return product(root)


def function(text: str) -> Function:
    node = ast.parse(text).body[0]
    assert isinstance(node, Function)
    return node


def test_an_import_of_a_module_of_a_name_in_it_and_of_a_package_are_told_apart(tmp_path: Path) -> None:
    modules = tree(
        tmp_path,
        {
            "a/one.py": "from posthouse.b import two\nfrom posthouse.b.two import X\nimport os\n",
            "b/two.py": "X = 1\n",
            "b/three.py": "from posthouse.b import Y\ndef f():\n    import posthouse.a.one\n",
            "b/__init__.py": "Y = 1\n",
        },
    )
    graph = imports(modules)
    assert graph["posthouse.a.one"] == {"posthouse.b.two"}
    assert graph["posthouse.b.three"] == {"posthouse.b", "posthouse.a.one"}


def test_a_circle_of_modules_counts_imports_that_only_typing_sees(tmp_path: Path) -> None:
    modules = tree(
        tmp_path,
        {
            "a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from posthouse.b import B\n",
            "b.py": "from posthouse.c import C\n",
            "c.py": "from posthouse.a import A\n",
            "d.py": "from posthouse.a import A\n",
        },
    )
    assert circles(imports(modules)) == [["posthouse.a", "posthouse.b", "posthouse.c"]]


def test_folders_may_be_in_a_circle_where_no_modules_are(tmp_path: Path) -> None:
    modules = tree(
        tmp_path,
        {
            "a/one.py": "from posthouse.b.one import X\n",
            "a/two.py": "",
            "b/one.py": "",
            "b/two.py": "from posthouse.a.two import X\n",
        },
    )
    assert circles(imports(modules)) == []
    assert circles(folder_imports(modules)) == [["posthouse.a", "posthouse.b"]]


def test_a_public_class_in_two_places_is_found_and_a_private_one_is_not(tmp_path: Path) -> None:
    modules = tree(tmp_path, {"a.py": "class X: ...\nclass _Y: ...\n", "b.py": "\nclass X: ...\nclass _Y: ...\n"})
    assert classes_twice(modules) == {"X": ["src/posthouse/a.py:1", "src/posthouse/b.py:2"]}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("def f(): ...", 0),
        ("def f(self, a, /, b, *, c): ...", 3),
        ("def f(cls, *rest, **named): ...", 2),
        ("async def f(a, b=1): ...", 2),
    ],
)
def test_parameters_are_what_a_caller_can_give(text: str, count: int) -> None:
    assert count_parameters(function(text)) == count


def test_a_spread_takes_the_nearest_rank() -> None:
    assert spread(range(1, 11)) == Spread(5, 9, 10)
    assert spread([7]) == Spread(7, 7, 7)
    assert spread([]) == Spread(0, 0, 0)


def test_comments_to_a_tool_are_no_comments() -> None:
    assert comment_lines("x = 1  # why\n# why\ny = '# no'\nz = 1  # noqa: S101\nw = 1  # fmt: skip\n") == 2


def test_docstrings_of_modules_classes_and_functions_count() -> None:
    text = '"""One."""\nclass A:\n    """Two\n    three."""\n    def f(self):\n        """Four."""\n        return """no\n"""\n'
    assert docstring_lines(ast.parse(text)) == 4


def test_a_room_is_the_first_folder_below_the_package(tmp_path: Path) -> None:
    shape = measure(tree(tmp_path, {"a/b/c.py": "def f():\n    return 1\n", "a/d.py": "x = 1\n"}))
    assert shape.rooms["a"].lines == 3
    assert shape.rooms["a"].function_max == 2
    assert shape.modules_with_one_importer == 0


def test_the_figures_come_as_text_and_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree(tmp_path, {"a.py": "class X: ...\n", "b.py": "class X: ...\n"})
    assert main([str(tmp_path)]) == 0
    assert "public class names that stand twice                  1" in capsys.readouterr().out
    assert main(["--json", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out)["modules"] == 3


def test_a_folder_without_the_package_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert "There is no src/posthouse" in capsys.readouterr().err

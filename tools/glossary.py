"""The nouns of ``model/`` for the glossary: ``python -m tools.glossary`` writes the table in ``docs/glossary.md`` anew.

A row is a public class, or a module that has none; what it is, is the first sentence of its docstring. A house test compares the
table with what this makes, so a noun that comes or goes shows in the glossary.
"""

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tools.source import Module, product

PAGE: Final = "docs/glossary.md"
HEADING: Final = "## Nouns"
HEAD: Final = "| noun | in `model/` | what it is |\n| --- | --- | --- |\n"
ABBREVIATED: Final = re.compile(r"(?:U\.S\.C|e\.g|i\.e|etc|[A-Z])$")


def nouns_table(modules: Iterable[Module]) -> str:
    """The table, with its head."""
    return HEAD + "".join(f"| `{noun}` | `{where}` | {meaning} |\n" for noun, where, meaning in nouns(modules))


def nouns(modules: Iterable[Module]) -> Iterator[tuple[str, str, str]]:
    """Each noun, the module below ``model/`` that it stands in, and what it is; in the order of the files."""
    for module in modules:
        if module.room == "model" and not module.place.endswith("/__init__.py"):
            where = module.place.partition("/model/")[2].removesuffix(".py")
            classes = [node for node in module.tree.body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
            rows = [(node.name, where, first_sentence(ast.get_docstring(node) or "")) for node in classes]
            yield from rows or [(where.rpartition("/")[2], where, first_sentence(ast.get_docstring(module.tree) or ""))]


def first_sentence(docstring: str) -> str:
    """A docstring's first sentence on one line, as a cell of a Markdown table: code in single back-ticks, no full stop."""
    paragraph = " ".join(docstring.partition("\n\n")[0].split())
    ends = (match.start() for match in re.finditer(r"\.(?= )", paragraph) if not ABBREVIATED.search(paragraph[: match.start()]))
    sentence = paragraph[: next(ends, len(paragraph))].rstrip(".")
    return sentence.replace("``", "`").replace("|", "\\|")


def write_into(page: str, table: str) -> str:
    """The page with the table below its heading replaced; what stands before the table and from the next heading on stays."""
    before, _, section = page.partition(f"\n{HEADING}\n")
    introduction, _, rest = section.partition("\n| ")
    after = rest.partition("\n## ")
    following = f"\n## {after[2]}" if after[1] else ""
    return f"{before}\n{HEADING}\n{introduction}\n{table}{following}"


def main(root: Path = Path()) -> int:
    """Write the page anew."""
    path = root / PAGE
    path.write_text(write_into(path.read_text(encoding="utf-8"), nouns_table(product(root))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Is there a tag of a template in what is sent as it is? Inline content is literal, so ``{{ name }}`` in it reaches readers (C2).

It is a warning, never a refusal: who writes about templates may mean it.

Known sharp edges: looks for whole tags on one line, ``{{ … }}`` and ``{% … %}``, wherever they stand, in a style sheet too.
"""

import re
from typing import Final

from posthouse.model.send_request import Warning

CODE: Final = "tag_left_over"
_TAG: Final = re.compile(r"\{\{[^{}\n]{0,200}\}\}|\{%[^%\n]{0,200}%\}")
_SHOWN: Final = 40


def unrendered_tags(subject: str | None, html: str | None, text: str | None) -> tuple[Warning, ...]:
    """What the caller is told of each part that has one."""
    parts = (("subject", subject), ("html", html), ("text", text))
    return tuple(warning for path, said in parts if said and (warning := _told(path, said)) is not None)


def _told(path: str, said: str) -> Warning | None:
    if "{{" not in said and "{%" not in said:
        return None
    found = _TAG.search(said)
    if found is None:
        return None
    return Warning(
        CODE,
        f"'{found.group()[:_SHOWN]}' reaches readers as it stands: only templates are filled in. Send a template, or fill it in.",
        path,
    )

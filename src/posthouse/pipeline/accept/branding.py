"""The variable ``brand``: filled from the tenant's settings where a template declares it; what a caller gives of it wins.

Beside the settings it has ``text_color``: the colour of text on the brand's colour. It is white where white is readable
(a contrast of 4.5 or more), else black, which then has at least 4.6; so a button is readable in every brand.

Source: WCAG 2.2, 1.4.3 and its definitions of relative luminance and contrast ratio.

Known sharp edges: a colour that a caller gives in another form than ``#rgb`` or ``#rrggbb`` has no ``text_color``; templates then
use white.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final

import msgspec

from posthouse.model.brand import Brand
from posthouse.model.template import TemplateVersion

BRAND: Final = "brand"
BLACK: Final = "#000000"
WHITE: Final = "#ffffff"
READABLE: Final = 4.5  # WCAG 2.2, 1.4.3: of text below 24 px, or 18.5 px where it is bold
_COLOR: Final = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})", re.ASCII | re.IGNORECASE)
_SHORT_LENGTH: Final = 4  # of #rgb
_WEIGHTS: Final = (0.2126, 0.7152, 0.0722)  # of red, green and blue in perceived brightness


def declares_brand(version: TemplateVersion) -> bool:
    """True where the template has the variable."""
    return any(variable.name == BRAND for variable in version.variables)


def with_brand(variables: Mapping[str, Any], brand: Brand) -> dict[str, Any]:
    """The variables with ``brand``: its settings under their names, and ``text_color``; settings that are empty are left out."""
    given = variables.get(BRAND)
    if given is not None and not isinstance(given, dict):
        return dict(variables)
    fields = {name: value for name, value in msgspec.structs.asdict(brand).items() if value} | (given or {})
    text_color = readable_on(fields.get("color"))
    return {**variables, BRAND: fields if text_color is None else {"text_color": text_color} | fields}


def readable_on(color: Any) -> str | None:
    """White where it has the contrast that text needs (WCAG 2.2, 1.4.3), else black; None for what is no hexadecimal colour."""
    return _readable_on(color) if isinstance(color, str) else None


@lru_cache(maxsize=1024)  # every mail of a brand has the same
def _readable_on(color: str) -> str | None:
    if _COLOR.fullmatch(color) is None:
        return None
    return WHITE if contrast(WHITE, color) >= READABLE else BLACK


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours in hexadecimal, from 1 to 21 (WCAG 2.2). Errors: ValueError."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color: str) -> float:
    """The relative luminance of ``#rgb`` or ``#rrggbb``, from 0 (black) to 1 (white) (WCAG 2.2, of sRGB). Errors: ValueError."""
    digits = color[1:] if len(color) > _SHORT_LENGTH else "".join(digit * 2 for digit in color[1:])
    parts = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    return sum(weight * _linear(part) for weight, part in zip(_WEIGHTS, parts, strict=True))


def _linear(part: float) -> float:
    """An sRGB channel as linear light."""
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4

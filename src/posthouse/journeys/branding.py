"""The variable ``brand``: filled from the tenant's settings where a template declares it; what a caller gives of it wins."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from posthouse.compose.template import TemplateVersion
from posthouse.store.brands import Brand

BRAND: Final = "brand"


def declares_brand(version: TemplateVersion) -> bool:
    """True where the tenant's settings are wanted."""
    return any(variable.name == BRAND for variable in version.variables)


def branded(variables: Mapping[str, Any], brand: Brand) -> dict[str, Any]:
    """The variables with ``brand``: company, logo_url, color, support_email, support_url, postal_address; what is not set is left out."""
    given = variables.get(BRAND)
    if given is not None and not isinstance(given, dict):
        return dict(variables)
    known = {name: value for name, value in msgspec.structs.asdict(brand).items() if value}
    return {**variables, BRAND: known | (given or {})}

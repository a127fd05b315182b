"""The limits of requests, as the settings have them."""

from dataclasses import asdict

from posthouse.config import Settings
from posthouse.model.limits import Limits


def limits_of(settings: Settings) -> Limits:
    """How large a request may be: every listener and intake use the same values."""
    return Limits(**asdict(settings.limits))

"""TLS for the attacks that need it."""

from tests.support.certificate import certificate

__all__ = ["certificate"]

"""TLS for the door's tests."""

from tests.support.certificate import certificate

__all__ = ["certificate"]

"""Posthouse: a self-hosted platform for transactional email."""

__version__ = "0.1.0"

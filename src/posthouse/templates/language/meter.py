"""How many characters a page may print or work on, and how a value is refused while it is rendered."""

from typing import Any


class ValueRefused(Exception):
    """A value that cannot be printed or used so; a sentence without its subject."""


class Meter:
    """Characters printed or worked on while one page is rendered."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.spent = 0

    def charge(self, characters: int) -> None:
        """Errors: ValueRefused, once too many were spent."""
        self.spent += characters
        if self.spent > self.most:
            raise ValueRefused(f"becomes larger than {self.most} characters")


def describe_type(value: Any) -> str:
    """The type of a value, in a word that a template's author knows."""
    if isinstance(value, dict):
        return "an object"
    return "a list" if isinstance(value, list | tuple) else "something"

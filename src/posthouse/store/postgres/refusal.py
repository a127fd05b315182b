"""The store cannot be used as it is set up: the one exception that every part of it raises for that."""


class StoreRefusal(Exception):
    """The store cannot be used as it is set up; the text is one sentence for the person, the exit code is 2."""

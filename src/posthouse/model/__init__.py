"""The nouns of the house, frozen: the values that rooms pass to each other. No I/O, no decision, no SQL."""

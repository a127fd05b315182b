"""Our nouns, frozen: what the rooms say to one another. No I/O, no decision, no SQL."""

"""Where the links in a mail lead: a click's way round, an open's picture, the way out of a list (K1, RFC 8058)."""

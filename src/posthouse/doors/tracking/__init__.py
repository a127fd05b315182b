"""Where the links in a mail lead: a click's redirect, an open's picture, the unsubscribe page (RFC 8058)."""

"""Mailgun: what its hooks say."""

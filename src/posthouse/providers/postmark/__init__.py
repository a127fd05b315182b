"""Postmark: what its hooks say."""

"""Resend: what its hooks say."""

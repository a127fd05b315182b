"""Webhook endpoints, what waits for them, and what became of each try."""

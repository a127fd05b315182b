"""Alerts: how grave each is, what it says to a person, and what to do."""

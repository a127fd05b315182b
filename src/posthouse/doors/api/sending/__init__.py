"""Sending over HTTP: one message, many, and what either may ask for."""

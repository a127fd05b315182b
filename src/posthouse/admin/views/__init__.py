"""Stored records as the structs that the API answers and the command line prints: one JSON contract for both."""

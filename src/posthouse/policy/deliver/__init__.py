"""Decisions about a delivery: which route, what a reply means, what comes next."""

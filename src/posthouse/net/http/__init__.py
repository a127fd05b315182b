"""Asking other HTTP servers: the only way out, with its checks."""

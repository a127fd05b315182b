"""A tenant's settings over HTTP: itself, its streams, its message types."""

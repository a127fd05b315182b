"""Ways in for what providers say: their hooks, each with an address of its own (``/hooks/{provider}/{token}``)."""

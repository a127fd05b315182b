"""What providers report: their hooks, each with an address of its own (``/hooks/{provider}/{token}``)."""

"""Messages at rest: acceptance, content, timeline, events, the built-in inbox."""

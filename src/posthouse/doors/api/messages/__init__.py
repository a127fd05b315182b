"""Messages over HTTP: lists, timelines, content, events, the built-in inbox."""

"""From a request to a durable message, or a rejection that says why."""

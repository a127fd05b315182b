"""SMTP, sans-IO: what replies say, how a session begins, both sides of the conversation."""

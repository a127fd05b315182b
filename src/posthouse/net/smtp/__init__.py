"""SMTP over sockets: opening sessions, sharing connections, one destination at a time."""

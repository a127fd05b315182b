"""What several roles are made of: the open store, transports, sockets, intake."""

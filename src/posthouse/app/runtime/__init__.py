"""What several roles are made of: the runtime, the open store, routes, sockets, intake."""

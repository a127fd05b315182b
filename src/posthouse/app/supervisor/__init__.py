"""The supervisor of `posthouse serve`: sockets, child processes, settings that are read again."""

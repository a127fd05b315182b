"""JSON as people and programs are shown it: one struct a thing, the same for the HTTP API, the command line and the client."""

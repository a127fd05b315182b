"""The only outbound sockets (DNS, SMTP, HTTP, TLS) and the only sources of time and randomness.

Must never know: store, config.
"""

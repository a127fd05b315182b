"""The server side of SMTP: bytes in, actions out, no socket."""

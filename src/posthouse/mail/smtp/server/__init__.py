"""The server side of SMTP, at submission and reception: bytes in, actions out, no socket."""

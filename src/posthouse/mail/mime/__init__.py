"""MIME: header fields, entities, encodings, and messages as they go on the wire or come from a mailer."""

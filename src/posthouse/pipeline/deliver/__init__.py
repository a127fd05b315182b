"""From the queue to the wire and back: claim, sign, send, settle."""

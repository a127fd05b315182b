"""What the codecs of all providers have in common."""

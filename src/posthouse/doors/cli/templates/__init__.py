"""``posthouse template``: push from version control, versions, review."""

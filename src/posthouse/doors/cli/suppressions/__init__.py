"""``posthouse suppression``: entries, windows, import, export, erasure."""

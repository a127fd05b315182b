"""HTML as templates and mails need it: read piece by piece, turned into text, its links led over our own host."""

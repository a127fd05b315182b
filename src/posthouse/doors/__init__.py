"""Ways in: HTTP, SMTP submission, pages and the command line. A door authenticates, parses and shapes errors; it decides
nothing.
"""

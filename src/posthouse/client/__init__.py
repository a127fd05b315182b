"""What an application imports: the HTTP client, a mailer that routes without a server, a Django backend, a pytest plugin (R5,
X3).

It must load neither database driver, web framework nor template engine, because it runs inside somebody else's process.
Applications reach the product by HTTP and SMTP with what they have so far, so the room is empty.
"""

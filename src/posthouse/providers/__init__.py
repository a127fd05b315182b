"""How does a vendor write things, and what do its answers mean? Resend, Postmark, SendGrid, Mailgun, Amazon SES (R1, R2).

One folder a vendor, with codecs and no client: ``hooks.py`` verifies and parses what the vendor reports. No session, retry,
time-out or socket is here: ``net`` has those once for all. A vendor's shapes never leave its folder.

Must never know: how hooks arrive, where secrets are stored, what follows from feedback.
"""

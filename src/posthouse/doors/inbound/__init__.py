"""The listener for returned mail by SMTP: bounces, complaints, replies, and requests to unsubscribe (POSTHOUSE_INBOUND).

``recipient`` answers whose an address is, before anything is taken; ``store_returned`` stores what came for
``pipeline.feedback.loop``. The conversation is submission's (``mail.smtp.server.conversation``), without a login.
"""

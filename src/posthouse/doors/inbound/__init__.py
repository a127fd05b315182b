"""The way in for returned mail by SMTP: bounces, complaints, and the wish to be taken off a list (POSTHOUSE_INBOUND).

``recipient`` says whose an address is, before anything is taken; ``keep`` puts what came where ``pipeline.feedback.loop`` finds it.
The conversation is submission's (``mail.smtp.server.conversation``), without a login.
"""

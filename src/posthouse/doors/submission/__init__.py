"""The SMTP submission door: mail in, from any client that can log in (contract, *SMTP submission*; RFC 6409).

``mail.smtp.server.conversation`` knows what is said; ``session`` has the socket, ``request`` and ``control`` make a message of what came,
``answer`` says what became of it.
"""

from posthouse.doors.smtp.server import SmtpServer
from posthouse.doors.submission.serve import SubmissionParts, serve_submission

__all__ = ["SmtpServer", "SubmissionParts", "serve_submission"]

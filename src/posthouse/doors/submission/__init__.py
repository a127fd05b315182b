"""The SMTP submission door: mail in, from any client that can log in (contract, *SMTP submission*; RFC 6409).

``mail.smtp_server`` knows what is said; ``session`` has the socket, ``request`` and ``control`` make a message of what came,
``answer`` says what became of it.
"""

from posthouse.doors.submission.parts import SubmissionParts
from posthouse.doors.submission.server import SmtpServer, serve_submission

__all__ = ["SmtpServer", "SubmissionParts", "serve_submission"]

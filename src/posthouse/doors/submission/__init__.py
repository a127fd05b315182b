"""The SMTP submission listener: mail in, from any client that can log in (contract, *SMTP submission*; RFC 6409).

``mail.smtp.server.conversation`` has the replies, ``doors.smtp.session`` the socket; ``request`` and ``control`` make a request
of what came, ``handle`` gives it to intake, and ``answer`` has the reply to it.
"""

from posthouse.doors.smtp.server import SmtpServer
from posthouse.doors.submission.serve import SubmissionParts, serve_submission

__all__ = ["SmtpServer", "SubmissionParts", "serve_submission"]

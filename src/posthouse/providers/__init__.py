"""How a vendor wants it said and what its answers mean: Resend, Postmark, SendGrid, Mailgun, Amazon SES (R1, R2).

One module a vendor, a codec and not a client: parcel to request, response to outcome, a hook's bytes to verified feedback,
and a table of what it carries. No session, retry, time-out or socket: ``net`` owns those once for all. A vendor's shapes never
leave its module. Mail goes out by MX, relay and inbox so far, none of which is a vendor, so the room is empty.
"""

"""What a message is on a medium: email, SMS, push, chat, in-app (M1, M5).

One module a channel: which address it takes, what content it carries from the same data, and its limits (length, parts,
attachments, buttons), registered in a literal tuple. Pure: a channel never speaks to anybody; ``net`` and ``providers`` do.
Email needs nothing here beyond ``mail``, so the room is empty until there is a second medium.
"""

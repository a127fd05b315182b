"""The standards of mail, sans-IO: addresses, header fields, MIME, DKIM, return paths, the SMTP conversations.

Bytes and values in, bytes and values out. Time, chance and keys are arguments. This room never opens a
socket or a file, never knows a database or a tenant's settings, and never decides policy.
"""

"""A message's way, told in order: accept, render, deliver, what comes back, webhooks and alerts.

Store and net meet only here and in ``app``. A database connection is never held while the network is waited for.
"""

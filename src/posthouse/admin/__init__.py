"""What people change: every function takes the context, who acts and what to change, and gives a value or a rejection.

Each change writes its row of the audit trail in its own transaction. The HTTP API, the command line and the pages call the same
functions.
"""

"""What people change: every function takes the store and who asks, and gives a value or a rejection.

Each change writes its audit row in the same transaction. The HTTP API, the command line and the pages call the same functions.
"""

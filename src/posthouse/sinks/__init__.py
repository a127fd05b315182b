"""How an event is told to the outside: Standard Webhooks first, chat tools after it (W1).

One module a kind of receiver, a codec: event to request, response to *told*, *again later* or *never again*. Signing keys, time and
ids are arguments; retries, order and the refusal of private addresses belong to the fan-out journey and to ``net``. Events
are kept and read through the API so far; nothing is posted, so the room is empty.
"""

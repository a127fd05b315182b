"""How an event is told to the outside: Standard Webhooks first, chat tools after it (W1).

One module a kind of receiver, a codec: ``encode`` makes a request of an event, ``decode`` says of an answer whether it was
*told*, may be told *later*, or *never again*. Signing keys, time and ids are arguments; order, retries and the refusal of
private addresses belong to the fan-out journey, to ``policy.webhooks`` and to ``net.http.client``.
"""

"""Who acts over HTTP: the holder of a key."""

from posthouse.model.actor import Actor
from posthouse.model.send_request import Caller, Environment


def actor_of(caller: Caller) -> Actor:
    """The key's holder, for the use cases and the audit trail."""
    return Actor(
        tenant=caller.tenant,
        environment=caller.environment,
        name=caller.credential,
        source="api",
        may_decide=caller.environment is Environment.LIVE,
        may_change_keys=caller.rate is None,
    )

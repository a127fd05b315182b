"""Who changes something: a credential over HTTP, the operator on the command line, later a member who signed in.

Every use case in ``admin`` takes one, and writes its name into the audit trail.
"""

from typing import Final, Literal

import msgspec

from posthouse.model.send_request import Environment

ActorSource = Literal["api", "cli", "dashboard", "system"]
NO_TENANT: Final = 0  # of an operator while there is no tenant yet; the numbers of tenants begin at 1


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who changes something, of which tenant.

    ``name``: a credential's id (``key_…``), or ``cli:`` and the user of the machine as the system knows it.

    ``is_operator``: of the installation, not of a tenant. ``may_decide`` False: may write and submit, but not approve or activate
    (a test key where the tenant asks for approval). ``may_change_keys`` False: creates and changes no keys (a key with a rate
    limit, which could lift its own limit).
    """

    tenant: int
    environment: Environment
    name: str
    source: ActorSource
    is_operator: bool = False
    may_decide: bool = True
    may_change_keys: bool = True

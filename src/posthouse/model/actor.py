"""Who changes something: a credential over HTTP, the operator on the command line, later a member who signed in.

Every use case in ``admin`` takes one, and writes its name into the audit trail.
"""

from typing import Literal

import msgspec

ActorSource = Literal["api", "cli", "dashboard"]


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """``name``: a credential's id (``key_…``), or ``cli:`` and the user of the machine as the system knows it.

    ``environment``: 0 test, 1 live. ``is_operator``: of the installation, not of a tenant. ``may_decide`` False: may write and
    submit, but not approve or activate (a test key where the tenant asks for approval).
    """

    tenant: int
    environment: int
    name: str
    source: ActorSource
    is_operator: bool = False
    may_decide: bool = True

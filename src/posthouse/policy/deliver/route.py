"""Which route? The routes a delivery may take, in order, as positions in the operator's list (R1, X1).

A route is what the operator configured: a kind, and whether we sign for it and whose return path it takes. Test
mail and the simulator's recipients have one way only, the built-in inbox; everything else takes the
configured routes in their order. A route that cannot carry a message faithfully (``capabilities``) is left out.

Must never know: hosts, passwords, whether a route works at the moment (the transport's answers say that).
"""

from collections.abc import Collection

from posthouse.model.route import RouteFact, RouteKind
from posthouse.model.send_request import Environment
from posthouse.policy.deliver.capabilities import missing


def stays_in_inbox(environment: Environment, *, simulator: bool) -> bool:
    """True for what goes to the built-in inbox whatever is configured."""
    return simulator or environment is Environment.TEST


def candidates(
    routes: tuple[RouteFact, ...], environment: Environment, *, simulator: bool, needs: Collection[str] = ()
) -> tuple[int, ...]:
    """The places in ``routes`` that may be tried, best first; empty for what stays here, which needs none.

    Empty for anything else means that there is no way out (``no_route``). ``needs``: what the message needs a route to carry
    besides the bytes that every kind in use takes (``capabilities.missing``).
    """
    if stays_in_inbox(environment, simulator=simulator):
        return ()
    return tuple(place for place, route in enumerate(routes) if not (needs and missing(route.kind, needs)))


def leaves_installation(routes: tuple[RouteFact, ...], environment: Environment, *, simulator: bool) -> bool:
    """True where some candidate leads to the world, so that the author's domain must be ours to use (A4)."""
    return any(routes[place].kind != RouteKind.INBOX for place in candidates(routes, environment, simulator=simulator))

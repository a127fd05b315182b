"""Which way: what stays here, and in which order the rest is tried."""

import pytest

from posthouse.model.route import RouteFact
from posthouse.model.send_request import Environment
from posthouse.policy.deliver.route import candidates, leaves_installation, stays_in_inbox

MX, RELAY, INBOX = (RouteFact(name=kind, kind=kind) for kind in ("mx", "smtp", "inbox"))
TEST, LIVE = Environment.TEST, Environment.LIVE


@pytest.mark.parametrize(
    ("environment", "simulator", "stays"), [(TEST, False, True), (TEST, True, True), (LIVE, True, True), (LIVE, False, False)]
)
def test_test_mail_and_the_simulator_stay_here(environment: Environment, *, simulator: bool, stays: bool) -> None:
    assert stays_in_inbox(environment, simulator=simulator) is stays
    assert candidates((MX, RELAY), environment, simulator=simulator) == (() if stays else (0, 1))


def test_without_routes_there_is_no_way_out() -> None:
    assert candidates((), LIVE, simulator=False) == ()


@pytest.mark.parametrize(("routes", "leaves"), [((INBOX,), False), ((MX,), True), ((INBOX, RELAY), True), ((), False)])
def test_mail_leaves_the_house_where_any_route_leads_out(routes: tuple[RouteFact, ...], *, leaves: bool) -> None:
    assert leaves_installation(routes, LIVE, simulator=False) is leaves
    assert leaves_installation(routes, TEST, simulator=False) is False

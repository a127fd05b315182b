"""When a provider is not believed, and who a provider is."""

import pytest

from posthouse.model.suppression import AnswerCounts
from posthouse.policy.recipients.bounce_brake import is_jump, provider_of


@pytest.mark.parametrize(
    ("attempts", "hard", "base", "jump"),
    [
        (50, 50, AnswerCounts(), True),
        (49, 49, AnswerCounts(), False),  # too few
        (50, 5, AnswerCounts(), False),  # a tenth is not above a tenth
        (50, 6, AnswerCounts(), True),
        (1000, 101, AnswerCounts(7000, 70), True),
        (1000, 100, AnswerCounts(7000, 70), False),
        (1000, 240, AnswerCounts(7000, 350), False),  # five times a base of 5 %
        (1000, 260, AnswerCounts(7000, 350), True),
        (1000, 1000, AnswerCounts(7000, 1500), False),  # a base above a fifth never jumps
        (0, 0, AnswerCounts(), False),
    ],
)
def test_a_jump_is_above_five_times_the_base_and_a_tenth_over_fifty(
    attempts: int, hard: int, base: AnswerCounts, *, jump: bool
) -> None:
    assert is_jump(AnswerCounts(attempts, hard), base) is jump


@pytest.mark.parametrize(
    ("host", "provider"),
    [
        ("gmail-smtp-in.l.google.com[192.0.2.1]", "google.com"),
        ("alt1.aspmx.l.google.com", "google.com"),
        ("shop-example.mail.protection.outlook.com", "outlook.com"),
        ("MX1.Example.co.uk.", "example.co.uk"),
        ("example.co.uk", "example.co.uk"),
        ("mx.example.com.au[2001:db8::1]", "example.com.au"),
        ("mx.shop.info.pl", "shop.info.pl"),
        ("mail.example.k12.ca.us", "example.k12.ca.us"),
        ("inbound-smtp.eu-west-1.amazonaws.com", "amazonaws.com"),  # the list's private section does not count
        ("co.uk", "co.uk"),
        ("x.test", "x.test"),
        ("localhost", "localhost"),
        ("192.0.2.7", "192.0.2.7"),
    ],
)
def test_a_provider_is_the_registrable_domain_of_its_host(host: str, provider: str) -> None:
    assert provider_of(host) == provider
